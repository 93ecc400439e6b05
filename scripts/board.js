// What a door's page shows; the words are those of the pages without scripts.
import { button, element } from './elements.js'

const MARKS = { good: '✓ ', ask: '? ', stop: '✕ ' }

export class Board {
  constructor(root) {
    this.root = root
    this.zone = root.dataset.zone
    this.verdictPlace = root.querySelector('[data-verdict]')
    this.foundPlace = root.querySelector('[data-found]')
  }

  // As the server says it: "6pm", "6:30pm", "midday".
  time(at) {
    const given = { hour: 'numeric', minute: '2-digit', hourCycle: 'h23', timeZone: this.zone }
    const [hour, minute] = new Intl.DateTimeFormat('en-GB', given).format(new Date(at)).split(':').map(Number)
    if (minute === 0 && hour % 12 === 0) return hour ? 'midday' : 'midnight'
    const minutes = minute ? `:${String(minute).padStart(2, '0')}` : ''
    return `${(hour + 11) % 12 + 1}${minutes}${hour >= 12 ? 'pm' : 'am'}`
  }

  use({ at, door }) { return `${this.time(at)} at door ${door}` }

  sitting(key) {
    return this.root.querySelector(`[data-sitting="${CSS.escape(key ?? '')}"]`)?.dataset.title ?? 'another sitting'
  }

  // Big and clear, and read out.
  verdict(kind, title, words = '', ...buttons) {
    const panel = element('div', `engage-verdict engage-verdict--${kind}`)
    const heading = element('p', 'engage-verdict__title engage-typed')
    const mark = element('span', '', MARKS[kind])
    mark.setAttribute('aria-hidden', 'true')
    heading.append(mark, title)
    panel.append(heading)
    if (words) panel.append(element('p', 'engage-verdict__words engage-typed', words))
    panel.append(...buttons)
    this.verdictPlace.replaceChildren(panel)
    this.foundPlace.replaceChildren()
  }

  found(people, letIn) {
    this.verdictPlace.replaceChildren()
    const heading = element('h2', 'govuk-heading-m', people.length ? 'Who is it?' : 'Nobody of that name is on the list')
    const list = element('ul', 'govuk-list')
    for (const person of people) {
      const line = element('li', 'engage-row')
      const words = person.uses.length ? `in since ${this.use(person.uses[0])}` : this.sitting(person.sitting)
      line.append(element('p', 'govuk-body engage-typed', `${person.name}, ${words}`))
      if (!person.uses.length) line.append(small('Check in', ` ${person.name}`, () => letIn(person)))
      list.append(line)
    }
    this.foundPlace.replaceChildren(heading, list)
  }

  // How many tickets of each sitting are in.
  counts(door) {
    const tickets = [...door.people.values()]
    const walked = door.pending.filter(({ act }) => act === 'walk_in')
    for (const place of this.root.querySelectorAll('[data-sitting]')) {
      const key = place.dataset.sitting
      const ours = tickets.filter(({ sitting }) => sitting === key)
      place.querySelector('[data-tickets]').textContent = ours.length
      place.querySelector('[data-in]').textContent = ours.filter(({ uses }) => uses.length).length
      const untold = walked.filter(({ sitting }) => sitting === key).length
      place.querySelector('[data-walked]').textContent = (door.list?.walk_ins[key] ?? 0) + untold
    }
  }

  // What a walk-in means for the room; what is booked is as it was when the page was loaded.
  crowd(key) {
    const place = this.root.querySelector(`[data-sitting="${CSS.escape(key)}"]`)
    const [capacity, booked] = [Number(place.dataset.capacity), Number(place.dataset.booked)]
    const walked = Number(place.querySelector('[data-walked]').textContent)
    const counted = `Counted in ${place.dataset.title}.`
    if (booked + walked <= capacity) return counted
    const people = walked === 1 ? 'is 1 walk-in' : `are ${walked} walk-ins`
    return `${counted} Take care: the room holds ${capacity}, ${booked} are booked, and there ${people}.`
  }

  usedTwice(door, undo) {
    const entries = Object.entries(door.list?.used_twice ?? {})
    this.#rows('[data-used-twice]', entries.map(([ticket, uses]) => {
      const name = door.people.get(ticket)?.name ?? 'Somebody who is not on this list'
      const buttons = uses.map((use) => small(`Undo ${this.use(use)}`, ` for ${name}`, () => undo(use.key)))
      return [`${name}: ${uses.map((use) => this.use(use)).join(' and ')}`, buttons]
    }))
  }

  recent(door, undo) {
    const undone = new Set(door.acts.filter(({ act }) => act === 'undo').map(({ key }) => key))
    const made = door.acts.filter(({ act, key }) => act !== 'undo' && !undone.has(key)).slice(-10).reverse()
    this.#rows('[data-recent]', made.map((act) => {
      const name = door.people.get(act.ticket)?.name ?? (act.ticket ? 'Somebody whose name is forgotten' : 'A walk-in')
      const words = `${name}, ${this.use(act)}${act.isSent ? '' : ', not sent yet'}`
      return [words, [small('Undo', ` ${name}`, () => undo(act.key))]]
    }))
  }

  #rows(where, rows) {
    const place = this.root.querySelector(where)
    place.hidden = !rows.length
    const lines = rows.map(([words, buttons]) => {
      const line = element('li', 'engage-row')
      line.append(element('p', 'govuk-body engage-typed', words), ...buttons)
      return line
    })
    place.querySelector('ul').replaceChildren(...lines)
  }

  state(door) {
    const number = door.pending.length
    const waits = number === 1 ? '1 check-in waits' : `${number} check-ins wait`
    const text = door.isSignedOut
      ? `You are signed out, and the names are forgotten.${number ? ` ${waits} on this device: sign in again to send them.` : ''}`
      : !door.list
        ? 'The list is not on this device. Load this page again where there is a network.'
        : door.isReachable
          ? `Connected. ${number ? `${waits} to be sent.` : 'All is sent.'}`
          : `No network: carry on. ${number ? `${waits} on this device and will be sent later.` : 'Check-ins will wait on this device.'}`
    const place = this.root.querySelector('[data-state]')
    if (place.textContent !== text) place.textContent = text
  }
}

function small(text, whom, act) {
  const made = button(text, act, 'govuk-button--secondary')
  made.append(element('span', 'govuk-visually-hidden', whom))
  return made
}
