// The page on which a wave is answered, where scripts run: one part at a time, a draft, a summary, answers sealed here.
import { fillIn, filledIn, isFilledIn } from './answers.js'
import { commentsFit, countRoom } from './comments.js'
import { Draft, forget } from './draft.js'
import { button, clearProblem, showProblem } from './elements.js'
import { Parts } from './parts.js'
import { sealed, send } from './sending.js'
import { showSummary } from './summary.js'

const address = window.location.pathname
const EMPTY = { ticked: [], written: {} }

function start(form) {
  sealed(form) // a browser that cannot do this leaves the form as it is, for the server to seal
  for (const text of form.querySelectorAll('[data-sealed-by]')) text.hidden = text.dataset.sealedBy !== 'browser'
  const draft = new Draft(form.dataset.wave, address)
  const limit = Number(form.dataset.commentBytes)
  countRoom(form, limit)
  keepDraft(form, draft)
  addClearing(form)
  const parts = new Parts(form, {
    mayLeave: (part) => commentsFit(form, part, limit),
    onShow: (part) => {
      clearProblem(form)
      const place = part.querySelector('[data-summary]')
      if (place) showSummary(form, place)
    }
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (!parts.isLast) parts.next()
    else if (commentsFit(form, form, limit)) dispatch(form, draft)
  })
}

function keepDraft(form, draft) {
  if (!draft.isKept) return
  const kept = draft.read()
  if (kept && !isFilledIn(form)) fillIn(form, kept)
  const said = form.querySelector('[data-cleared]')
  for (const kind of ['input', 'change']) {
    form.addEventListener(kind, () => {
      draft.write(filledIn(form))
      said.textContent = ''
    })
  }
  form.querySelector('[data-draft]').hidden = false
  form.querySelector('[data-clear]').addEventListener('click', () => {
    fillIn(form, EMPTY)
    draft.clear()
    said.textContent = 'Nothing is kept on this device any more.'
  })
}

// A chosen answer can be taken back.
function addClearing(form) {
  for (const radios of form.querySelectorAll('[data-question] .govuk-radios')) {
    const inputs = [...radios.querySelectorAll('input')]
    const clear = button('Clear this answer', () => {
      for (const input of inputs) input.checked = false
      inputs[0].dispatchEvent(new Event('change', { bubbles: true }))
      inputs[0].focus()
    }, 'govuk-button--secondary engage-clear')
    const show = () => { clear.hidden = !inputs.some(({ checked }) => checked) }
    radios.after(clear)
    radios.addEventListener('change', show)
    form.addEventListener('click', show)
    show()
  }
}

async function dispatch(form, draft) {
  clearProblem(form)
  const sending = form.querySelector('[data-send]')
  sending.disabled = true
  const { address: next, problem } = await send(form, sealed(form))
  sending.disabled = false
  if (problem) return showProblem(form, problem)
  draft.clear()
  fillIn(form, EMPTY) // whoever goes back in this browser shall not see them
  return next ? window.location.replace(next) : window.location.reload()
}

const form = document.querySelector('[data-pulse]')
const gone = document.querySelector('[data-forget]')
if (form) start(form)
if (gone) forget(gone.dataset.forget, 'spent' in gone.dataset ? address : null)
