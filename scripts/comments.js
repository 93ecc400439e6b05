// How much room is left in a comment. What is counted is bytes, since every comment is sealed in the same number of them.
import { commentFields } from './answers.js'
import { showProblem } from './elements.js'
import { byteLength, tidied } from './sealing.js'

const PAUSE = 1000 // milliseconds after the last key, so that a screen reader is not interrupted

export function countRoom(form, limit) {
  for (const area of commentFields(form)) {
    const said = document.createElement('div')
    said.className = 'govuk-hint'
    said.setAttribute('aria-live', 'polite')
    area.after(said)
    let waiting
    area.addEventListener('input', () => {
      clearTimeout(waiting)
      waiting = setTimeout(() => { said.textContent = roomLeft(area, limit) }, PAUSE)
    })
  }
}

// Whether every comment within that part fits; where one does not, it is said.
export function commentsFit(form, part, limit) {
  const tooLong = commentFields(part).find((area) => excess(area, limit) > 0)
  if (tooLong) showProblem(form, roomLeft(tooLong, limit), `#${tooLong.id}`)
  return !tooLong
}

function excess(area, limit) {
  return byteLength(tidied(area.value)) - limit
}

function roomLeft(area, limit) {
  const over = excess(area, limit)
  if (over > 0) return `Your comment is ${over.toLocaleString('en-GB')} characters too long. Shorten it`
  return `You have ${(-over).toLocaleString('en-GB')} characters left`
}
