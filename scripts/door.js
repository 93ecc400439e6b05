// One door: whom it knows, whom it lets in, and what it has still to tell. Nothing is answered before it is on the disk.
import { actsOf, dropActs, forget, keep, keepList, listOf, peopleOf } from './device.js'
import { Line, SignedOut } from './joining.js'
import { hashOf, isNamed, read } from './tickets.js'

const MOST_FOUND = 50
const ANSWER_WITHIN = 1500 // milliseconds that a door waits for the server before it decides by itself
const LIST_AGE = 5 * 60 * 1000 // milliseconds after which the list is fetched anew

export class Door {
  constructor(slug, line) {
    this.slug = slug
    this.line = line
    this.list = null
    this.people = new Map() // by the hash of their ticket
    this.acts = [] // in order, those of which the server has heard too
    this.isReachable = false
    this.isSignedOut = false
    this.under = Promise.resolve()
  }

  get pending() { return this.acts.filter(({ isSent }) => !isSent) }

  async open(now) {
    await this.forgetOld(now)
    await this.#load()
  }

  async #load() {
    this.list = await listOf(this.slug)
    this.#know(await peopleOf(this.slug))
    this.acts = await actsOf(this.slug)
  }

  #know(people) {
    this.people = new Map(people.map((person) => [person.ticket, person]))
    this.codes = new Map(people.map((person) => [person.code, person]))
  }

  // Forgets what is over; whether this door's list was.
  async forgetOld(now) {
    const slugs = await forget((list) => new Date(list.forget_at) <= now)
    if (slugs.includes(this.slug)) await this.#load()
    return slugs.includes(this.slug)
  }

  // One at a time: what is read is what is changed.
  #alone(work) {
    const turn = this.under.then(work)
    this.under = turn.catch(() => {})
    return turn
  }

  // Whoever was meant: one person by ticket or code, some by name; null for a ticket that is not on the list.
  async find(typed) {
    const asked = read(typed)
    if (asked.ticket) return this.people.get(await hashOf(this.list.salt, asked.ticket)) ?? null
    const person = asked.code && this.codes.get(await hashOf(this.list.salt, asked.code))
    if (person) return person
    const named = [...this.people.values()].filter(({ name }) => isNamed(name, asked.name))
    return named.sort((one, other) => one.name.localeCompare(other.name)).slice(0, MOST_FOUND)
  }

  // Lets the ticket in, and says what became of it: "in", "used" with the use that came before, "no_place", or "renewed"
  // where the person was found on a list that was replaced meanwhile.
  async letIn(person, number, now) {
    const act = await this.#alone(async () => {
      if (person.uses.length || this.people.get(person.ticket) !== person) return null
      const made = this.#act('in', number, now, { ticket: person.ticket, sitting: person.sitting })
      person.uses = [{ key: made.key, at: made.at, door: made.door }]
      await this.#keep(made, [person])
      return made
    })
    if (!act) return { result: person.uses.length ? 'used' : 'renewed', before: person.uses[0] }
    return act.isDone ? { result: 'in' } : this.#ask(act)
  }

  async walkIn(sitting, number, now) {
    await this.#alone(() => this.#keep(this.#act('walk_in', number, now, { sitting: sitting || null, isDone: true }), []))
    this.join()
  }

  async undo(key, number, now) {
    const holders = [...this.people.values()].filter(({ uses }) => uses.some((use) => use.key === key))
    await this.#alone(async () => {
      for (const person of holders) person.uses = person.uses.filter((use) => use.key !== key)
      await this.#keep(this.#act('undo', number, now, { key, isDone: true }), holders)
    })
    this.join()
  }

  #act(act, door, now, given) {
    const made = { slug: this.slug, salt: this.list.salt, act, key: crypto.randomUUID(), at: now.toISOString(), door }
    return { ...made, isDone: !this.isReachable, isSent: false, ...given }
  }

  async #keep(act, people) {
    await keep({ acts: [act], people })
    this.acts.push(act)
  }

  // Asks the server, which knows of the other doors, and decides alone where it does not answer soon.
  async #ask(act) {
    await Promise.race([this.join(), new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN))])
    return this.#alone(async () => {
      if (act.refusal) return act.refusal
      if (!act.isSent) {
        act.isDone = true
        await keep({ acts: [act] })
      }
      return { result: 'in' }
    })
  }

  // Tells all that is pending and hears the news; in one go, whoever asks for it meanwhile.
  join() {
    this.joining ??= this.#joinAll().finally(() => { this.joining = null })
    return this.joining
  }

  async #joinAll() {
    try {
      let acts
      do {
        acts = this.pending.length ? Line.batch(this.pending) : []
        const salt = acts[0]?.salt ?? this.list?.salt
        if (!salt) break
        const asSent = acts.map((act) => ({ ...act }))
        const news = await this.line.join(salt, this.list?.since ?? new Date(0).toISOString(), asSent)
        await this.#alone(() => this.#heed(news, acts, asSent, salt))
      } while (acts.length)
      this.isReachable = true
      this.isSignedOut = false
    } catch (error) {
      this.isReachable = false
      if (error instanceof SignedOut) await this.leave()
    }
  }

  // Nobody is signed in any more: names go, and what was not told yet stays.
  async leave() {
    this.isSignedOut = true
    await forget(({ slug }) => slug === this.slug)
    await this.#load()
  }

  async #heed(news, acts, asSent, salt) {
    acts.forEach((act, place) => {
      const { result, use } = news.outcomes[place]
      const isRefused = act.act === 'in' && !asSent[place].isDone && ['used', 'no_place'].includes(result)
      if (isRefused && !act.isDone) act.refusal = { result, before: use }
      act.isSent = !isRefused // where they were let in meanwhile, it is told again
    })
    const refused = acts.filter(({ refusal }) => refusal)
    const isOurs = this.list?.salt === salt
    if (isOurs) Object.assign(this.list, { since: news.as_at, used_twice: news.used_twice, walk_ins: news.walk_ins })
    const people = isOurs ? this.#changed(news.changed, refused) : []
    await keep({ acts: acts.filter(({ isSent }) => isSent), people, list: isOurs ? this.list : null })
    await dropActs(refused)
    this.acts = this.acts.filter(({ refusal }) => !refusal)
  }

  // Whose uses are others now: as the server knows them, and those of which it has not heard.
  #changed(uses, refused) {
    const undone = new Set(this.pending.filter(({ act }) => act === 'undo').map(({ key }) => key))
    const untold = this.pending.filter(({ act, refusal }) => act === 'in' && !refusal)
    const known = new Map(refused.map(({ ticket, refusal }) => [ticket, refusal.before ? [refusal.before] : []]))
    for (const [ticket, those] of Object.entries(uses)) known.set(ticket, those)
    const people = [...known.keys()].map((ticket) => this.people.get(ticket)).filter(Boolean)
    for (const person of people) {
      const own = untold.filter(({ ticket }) => ticket === person.ticket)
      const all = [...known.get(person.ticket), ...own.map(({ key, at, door }) => ({ key, at, door }))]
      person.uses = all.filter(({ key }) => !undone.has(key))
    }
    return people
  }

  // Gets the list where there is none or it is old; not while something is untold, which is said of this list.
  async refresh(now, isWanted = false) {
    if (this.list && !isWanted && now - new Date(this.list.as_at) < LIST_AGE) return
    try {
      const { people, ...list } = await this.line.list()
      await this.#alone(async () => {
        if (this.list && this.pending.length) return
        this.list = { ...list, slug: this.slug, since: list.as_at, used_twice: {}, walk_ins: {} }
        this.#know(people.map((person) => ({ ...person, slug: this.slug })))
        await keepList(this.list, people)
      })
    } catch (error) {
      this.isReachable = false
      if (error instanceof SignedOut) await this.leave()
    }
  }
}
