// Elements in the design system's classes, made without a word of HTML.

export function element(name, classes, text = '') {
  const made = document.createElement(name)
  made.className = classes
  made.textContent = text
  return made
}

export function button(text, act, classes = '') {
  const made = element('button', `govuk-button ${classes}`.trim(), text)
  made.type = 'button'
  made.addEventListener('click', act)
  return made
}

export function link(text, address) {
  const made = element('a', 'govuk-link', text)
  made.href = address
  return made
}

// The design system's summary of what is wrong, above the form; it takes the focus.
export function showProblem(form, text, address = '') {
  form.parentElement.querySelector('.govuk-error-summary')?.remove()
  const summary = element('div', 'govuk-error-summary')
  summary.tabIndex = -1
  const alert = element('div', '')
  alert.setAttribute('role', 'alert')
  const list = element('ul', 'govuk-list govuk-error-summary__list')
  const item = element('li', '', address ? '' : text)
  if (address) item.append(link(text, address))
  list.append(item)
  const body = element('div', 'govuk-error-summary__body')
  body.append(list)
  alert.append(element('h2', 'govuk-error-summary__title', 'There is a problem'), body)
  summary.append(alert)
  form.parentElement.prepend(summary)
  summary.focus()
}

export function clearProblem(form) {
  form.parentElement.querySelector('.govuk-error-summary')?.remove()
}
