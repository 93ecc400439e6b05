// What stands in the form: the sheet as it is sealed, and the same in words.

const QUESTION = 'q-'
const GROUP = 'group-'

export function commentFields(form) {
  return [...form.querySelectorAll('textarea')]
}

// Answers by question and declared groups by family; what was left out is not there.
export function sheetOf(form) {
  const sheet = { answers: {}, groups: {} }
  for (const { name, value } of form.querySelectorAll('input:checked')) {
    if (name.startsWith(QUESTION)) {
      sheet.answers[name.slice(QUESTION.length)] = value === 'na' ? value : Number(value)
    } else if (name.startsWith(GROUP)) {
      const family = name.slice(GROUP.length)
      sheet.groups[family] = [...(sheet.groups[family] ?? []), value]
    }
  }
  return sheet
}

// Each question, family and comment with its answer in words and the field to change it in.
export function answersInWords(form) {
  const chosen = [...form.querySelectorAll('[data-question]')].map((fieldset) => ({
    question: fieldset.querySelector('legend').textContent.trim(),
    answer: [...fieldset.querySelectorAll('input:checked')].map(({ labels }) => labels[0].textContent.trim()).join(', '),
    field: fieldset.querySelector('input')
  }))
  const written = commentFields(form).map((area) => ({
    question: area.labels[0].textContent.trim(),
    answer: area.value.trim(),
    field: area
  }))
  return [...chosen, ...written]
}

// Everything that was filled in, by field, for the draft.
export function filledIn(form) {
  const ticked = [...form.querySelectorAll('input:checked')].map(({ id }) => id)
  const written = Object.fromEntries(commentFields(form).map(({ id, value }) => [id, value]))
  return { ticked, written }
}

export function fillIn(form, { ticked, written }) {
  for (const input of form.querySelectorAll('[data-question] input')) input.checked = ticked.includes(input.id)
  for (const area of commentFields(form)) area.value = written[area.id] ?? ''
}

export function isFilledIn(form) {
  return form.querySelector('input:checked') !== null || commentFields(form).some(({ value }) => value !== '')
}
