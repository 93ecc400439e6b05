// One part of the form at a time. Each has an address, so that the browser's own buttons for back and forward work.
import { button, element } from './elements.js'

export class Parts {
  // `mayLeave(part)` tells whether a part is in order; `onShow(part)` hears which one is shown.
  constructor(form, { mayLeave, onShow }) {
    this.parts = [...form.querySelectorAll('[data-part]')]
    this.title = document.title
    this.mayLeave = mayLeave
    this.onShow = onShow
    this.parts.forEach((part, place) => this.#furnish(part, place))
    window.addEventListener('hashchange', () => this.#show(this.#asked(), true))
    this.#show(this.#asked(), false)
  }

  get isLast() {
    return this.current === this.parts.at(-1)
  }

  next() {
    if (this.mayLeave(this.current)) this.go(this.parts[this.parts.indexOf(this.current) + 1].id)
  }

  // To a part, or to the field with that id.
  go(id) {
    if (window.location.hash === `#${id}`) this.#show(this.#asked(), true)
    else window.location.hash = id
  }

  #asked() {
    const target = document.getElementById(window.location.hash.slice(1))
    return target?.closest('[data-part]') ?? this.parts[0]
  }

  #show(asked, isMoving) {
    this.current = asked
    for (const part of this.parts) part.hidden = part !== asked
    const place = this.parts.indexOf(asked)
    document.title = place ? `Part ${place} of ${this.parts.length - 1}: ${this.title}` : this.title
    this.onShow(asked)
    if (isMoving) this.#focus(asked)
  }

  #focus(part) {
    const target = document.getElementById(window.location.hash.slice(1))
    const isField = target !== null && target !== part && part.contains(target)
    const focused = isField ? target : part.querySelector('h2')
    focused.focus()
    focused.scrollIntoView()
  }

  #furnish(part, place) {
    part.querySelector('h2').tabIndex = -1
    if (place) part.prepend(element('p', 'govuk-caption-m', `Part ${place} of ${this.parts.length - 1}`))
    const buttons = part.querySelector('.govuk-button-group') ?? element('div', 'govuk-button-group')
    if (part !== this.parts.at(-1)) buttons.append(button(place ? 'Continue' : 'Start', () => this.next()))
    if (place) buttons.append(button('Back', () => this.go(this.parts[place - 1].id), 'govuk-button--secondary'))
    part.append(buttons)
  }
}
