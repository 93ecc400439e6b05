// Sends what was sealed, and nothing else. The answer is read here, so that nothing is lost whatever it is.
import { commentFields, sheetOf } from './answers.js'
import { fromBase64, seal, toBase64, writtenComments, writtenSheet } from './sealing.js'

const THANKS = '/pulse/thanks'
const LOST = 'Your answers could not be sent. They are kept on this page: check your connection and send them again.'

// The two boxes, in the form's own fields.
export function sealed(form) {
  const { publicKey, sheetBytes, commentBytes } = form.dataset
  const recipient = fromBase64(publicKey)
  const sheet = writtenSheet(sheetOf(form), Number(sheetBytes))
  const comments = writtenComments(commentFields(form).map(({ value }) => value), Number(commentBytes))
  return { 'sealed-sheet': toBase64(seal(sheet, recipient)), 'sealed-comments': toBase64(seal(comments, recipient)) }
}

// Where to go now (nowhere: the link is used or the survey closed), or what went wrong. A form that has become stale is sent once more with the token of a fresh one.
export async function send(form, boxes, isRetry = false) {
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, ...boxes })
  let answer
  try {
    answer = await fetch(form.action, { method: 'POST', body })
  } catch {
    return { problem: LOST }
  }
  if (answer.ok && new URL(answer.url).pathname === THANKS) return { address: THANKS }
  if (answer.status === 410) return { address: null } // the page says why
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const fresh = page.querySelector('[name=csrf_token]')
  if (answer.status === 403 && fresh && !isRetry) {
    form.elements.csrf_token.value = fresh.value
    return send(form, boxes, true)
  }
  return { problem: page.querySelector('.govuk-error-summary li')?.textContent.trim() || LOST }
}
