// All answers in words, before they are sent, each with a link to where it can be changed.
import { answersInWords } from './answers.js'
import { element, link } from './elements.js'

export function showSummary(form, place) {
  const list = element('dl', 'govuk-summary-list')
  list.append(...answersInWords(form).map(row))
  place.replaceChildren(list)
}

function row({ question, answer, field }) {
  const made = element('div', 'govuk-summary-list__row')
  const value = element('dd', 'govuk-summary-list__value engage-typed', answer || 'Not answered')
  const change = link('Change', `#${field.id}`)
  change.append(element('span', 'govuk-visually-hidden', ` your answer to: ${question}`))
  const actions = element('dd', 'govuk-summary-list__actions')
  actions.append(change)
  made.append(element('dt', 'govuk-summary-list__key', question), value, actions)
  return made
}
