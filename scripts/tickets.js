// What a ticket says and how a door reads it; the same rules as on the server (engage/events/doors/tickets.py).
const PREFIX = 'ENGAGE:'
const TOKEN = /^[A-Z2-7]{39}$/
const CODE = /^[2-9A-HJ-NP-Z]{8}$/
const HASH_LENGTH = 32

// What was scanned or typed: the text of a ticket, its code, or the beginning of a name.
export function read(typed) {
  const text = typed.replace(/\s/g, '').toUpperCase()
  const token = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text
  if (token !== text || TOKEN.test(token)) return { ticket: PREFIX + token }
  const code = text.replaceAll('-', '')
  return { code: CODE.test(code) ? code : null, name: typed.trim() }
}

export async function hashOf(salt, text) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${salt}:${text}`))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('').slice(0, HASH_LENGTH)
}

// The words of a name as people type them who lack its accents.
export function wordsIn(name) {
  return name.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '').split(/[\s\-'’]+/u).filter(Boolean)
}

export function isNamed(name, typed) {
  const words = wordsIn(name)
  return wordsIn(typed).every((beginning) => words.some((word) => word.startsWith(beginning)))
}
