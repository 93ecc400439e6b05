// Whoever signs out leaves no names behind on the device; those whose time is over go with any page of the console.
import { forget } from './device.js'

forget((list) => new Date(list.forget_at) <= new Date()).catch(() => {})

for (const form of document.querySelectorAll('form[action="/sign-out"]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    forget().catch(() => {}).finally(() => form.submit())
  })
}
