// The page at a door, where scripts run: it goes on without a network.
import { Board } from './board.js'
import { watch } from './camera.js'
import { keepPage } from './device.js'
import { Door } from './door.js'
import { button } from './elements.js'
import { Line } from './joining.js'

const POLL = 5000 // milliseconds between two looks at what the other doors did
const DOOR_NUMBER = 'engage-door'

const root = document.querySelector('[data-doors]')
const form = root.querySelector('[data-check-in]')
const board = new Board(root)
const line = new Line(root.dataset.doors, form.elements.csrf_token.value)
const door = new Door(root.dataset.slug, line)
const number = () => Math.min(99, Math.max(1, Number(form.elements.door.value) || 1))

function show() {
  board.counts(door)
  const undoing = (key) => inTurn(() => undo(key))
  board.usedTwice(door, undoing)
  board.recent(door, undoing)
  board.state(door)
  root.dataset.pending = door.pending.length
}

async function scan(text, isInsisting = false) {
  const found = await door.find(text)
  if (Array.isArray(found)) return board.found(found, (person) => inTurn(() => admit(person)))
  if (!found) return unknown(text)
  return admit(found, isInsisting, () => scan(text, isInsisting))
}

function searchAgain() {
  board.verdict('ask', 'The list was just renewed', 'Search for the name again.')
}

async function admit(person, isInsisting = false, again = searchAgain) {
  const wanted = form.elements.sitting.value
  if (wanted && person.sitting !== wanted && !person.uses.length && !isInsisting) {
    const words = `The ticket is for ${board.sitting(person.sitting)}, not ${board.sitting(wanted)}.`
    const insist = button('Let them in all the same', () => inTurn(() => admit(person, true, again)))
    return board.verdict('ask', `Another sitting: ${person.name}`, words, insist)
  }
  const { result, before } = await door.letIn(person, number(), new Date())
  if (result === 'renewed') return again()
  if (result === 'in') board.verdict('good', `In: ${person.name}`, `For ${board.sitting(person.sitting)}.`)
  else if (before) board.verdict('stop', `Used already: ${person.name}`, `Let in at ${board.use(before)}.`)
  else board.verdict('stop', `No place: ${person.name}`, 'They cancelled, or moved to another sitting, a moment ago. You can count a walk-in.')
  show()
}

// The server can say more of it where it answers: forged, cancelled, of another evening, or newer than the list.
async function unknown(text) {
  const words = `It may be forged, cancelled, for another open evening, or newer than our list of ${board.time(door.list.as_at)}. Search for the name, or count a walk-in.`
  let said = { isGood: false, title: 'Not on this device’s list', words }
  if (door.isReachable) {
    try {
      const fields = { ticket: text, door: number(), sitting: form.elements.sitting.value, key: crypto.randomUUID() }
      said = await line.verdict(fields)
      if (said.isGood) door.refresh(new Date(), true).then(show)
    } catch {
      door.isReachable = false
    }
  }
  board.verdict(said.isGood ? 'good' : 'stop', said.title, said.words)
}

async function walkIn() {
  const sitting = form.elements.sitting.value || root.querySelector('[data-sitting]').dataset.sitting
  await door.walkIn(sitting, number(), new Date())
  show()
  board.verdict('good', 'In: a walk-in', board.crowd(sitting))
}

async function undo(key) {
  await door.undo(key, number(), new Date())
  board.verdict('good', 'Undone', 'They are not counted as in.')
  show()
}

async function tick() {
  await door.forgetOld(new Date())
  if (navigator.onLine) {
    await door.join()
    await door.refresh(new Date())
  } else {
    door.isReachable = false
  }
  show()
}

// What is typed is done in turn, as fast as a scanner types; without a list the server does it.
let turn = Promise.resolve()

function inTurn(work) {
  const failed = (error) => board.verdict('stop', 'That did not work', `It is not counted: try again. (${error.message})`)
  turn = turn.then(work).catch(failed)
  return turn
}

function submitted(event) {
  if (!door.list) return
  event.preventDefault()
  const field = form.elements.ticket
  const text = field.value.trim()
  field.value = ''
  field.focus()
  if (event.submitter?.hasAttribute('data-walk-in')) inTurn(walkIn)
  else if (text) inTurn(() => scan(text))
}

function offerCamera() {
  const place = root.querySelector('[data-camera]')
  const video = place.querySelector('video')
  let stop = null
  const toggle = button('Scan with the camera', async () => {
    if (stop) {
      stop()
      stop = null
    } else {
      stop = await watch(video, (text) => inTurn(() => scan(text))).catch(() => null)
      if (!stop) board.verdict('stop', 'No camera', 'This browser lets us use none. Type the code of the ticket instead.')
    }
    video.hidden = !stop
    toggle.textContent = stop ? 'Stop the camera' : 'Scan with the camera'
  }, 'govuk-button--secondary')
  place.prepend(toggle)
  place.hidden = false
}

function keepDoorNumber() {
  form.elements.door.value = localStorage.getItem(DOOR_NUMBER) ?? form.elements.door.value
  form.elements.door.addEventListener('change', () => localStorage.setItem(DOOR_NUMBER, number()))
}

async function start() {
  await navigator.serviceWorker.register(root.dataset.worker, { scope: '/console/doors/' }).catch(() => {})
  await door.open(new Date())
  root.classList.add('engage-scripted')
  form.addEventListener('submit', submitted)
  keepDoorNumber()
  if (navigator.mediaDevices) offerCamera()
  await tick()
  root.dataset.ready = 'yes'
  const files = [...document.querySelectorAll('link[rel=stylesheet], link[rel=icon], script[src]')].map((each) => each.href ?? each.src)
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name)
  const ours = [...files, ...loaded].filter((url) => url.startsWith(`${location.origin}/static/`))
  await keepPage(root.dataset.doors, [...new Set(ours)]).catch(() => {})
  root.dataset.kept = 'yes'
  window.addEventListener('online', tick)
  window.addEventListener('offline', tick)
  setInterval(tick, POLL)
}

if ('serviceWorker' in navigator && crypto.subtle && window.indexedDB) start()
