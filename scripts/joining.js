// Tells the server what happened at this door, and hears what happened at the others. Told twice, it is known once.
const MOST_AT_ONCE = 100
const PATIENCE = 8000 // milliseconds

export class SignedOut extends Error {}

export class Line {
  constructor(here, token) {
    this.here = here
    this.token = token
  }

  async list() {
    const answer = await this.#ask('/list')
    return answer.json()
  }

  // Some acts of one salt, the oldest first, as one request takes them.
  static batch(acts) {
    const same = acts.filter(({ salt }) => salt === acts[0].salt)
    return same.slice(0, MOST_AT_ONCE)
  }

  async join(salt, since, acts, isRetry = false) {
    const body = JSON.stringify({ salt, since, acts: acts.map(worded) })
    const headers = { 'content-type': 'application/json', 'x-csrf-token': this.token }
    const answer = await this.#fetch('/join', { method: 'POST', body, headers })
    if (answer.status === 403 && !isRetry) {
      await this.renew()
      return this.join(salt, since, acts, true)
    }
    return (await this.#checked(answer)).json()
  }

  // What the server says of something that is not on the device's list.
  async verdict(fields) {
    const body = new URLSearchParams({ ...fields, csrf_token: this.token })
    const answer = await this.#fetch('', { method: 'POST', body })
    return { isGood: answer.ok, ...(await answer.json()) }
  }

  // A page that was kept for long may have a token that is no good any more.
  async renew() {
    const answer = await this.#ask('?plain', { accept: 'text/html' })
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    this.token = page.querySelector('[name=csrf_token]').value
  }

  async #ask(path, headers) {
    return this.#checked(await this.#fetch(path, headers ? { headers } : {}))
  }

  async #fetch(path, given = {}) {
    const headers = { accept: 'application/json', ...given.headers }
    return fetch(this.here + path, { ...given, headers, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) })
  }

  async #checked(answer) {
    const isElsewhere = answer.redirected && new URL(answer.url).pathname === '/sign-in'
    if (isElsewhere || answer.status === 403 || answer.status === 404) throw new SignedOut()
    if (!answer.ok) throw new Error(`${answer.status}`)
    return answer
  }
}

function worded({ act, key, at, door, ticket, sitting, isDone }) {
  return { act, key, at, door, ticket, sitting, is_done: isDone }
}
