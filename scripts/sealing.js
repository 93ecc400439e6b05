// Sealed boxes as libsodium makes them (crypto_box_seal), and what is put into them: see engage/surveys/answers/seal.py.
import { hsalsa, secretbox } from '@noble/ciphers/salsa.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'

const encoder = new TextEncoder()
const SIGMA = words(encoder.encode('expand 32-byte k'))
const BLANK = 0x20

// A box that only the holder of the recipient's private key can open: the one-time public key, then what is sealed.
export function seal(message, recipient) {
  const once = x25519.keygen()
  const shared = x25519.getSharedSecret(once.secretKey, recipient)
  const key = new Uint32Array(8)
  hsalsa(SIGMA, words(shared), new Uint32Array(4), key)
  const nonce = blake2b(joined(once.publicKey, recipient), { dkLen: 24 })
  return joined(once.publicKey, secretbox(new Uint8Array(key.buffer), nonce).seal(message))
}

// The sheet as JSON, filled up with blanks to the one length of its wave.
export function writtenSheet(sheet, length) {
  return filled(encoder.encode(JSON.stringify(sheet)), length, BLANK)
}

// The comments in the order of the questionnaire, each filled up to the one length of a comment.
export function writtenComments(comments, length) {
  return comments.map((text) => filled(encoder.encode(tidied(text)), length, 0)).reduce(joined, new Uint8Array())
}

// A comment as it is sealed: no control characters but line ends and tabs, no blanks around it.
export function tidied(text) {
  return text.replace(/\r\n/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '').trim()
}

export function byteLength(text) {
  return encoder.encode(text).length
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
}

export function toBase64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

// A short name for something that shall not be told.
export function nameFor(text) {
  return toBase64(blake2b(encoder.encode(text), { dkLen: 9 }))
}

function filled(bytes, length, filler) {
  if (bytes.length > length) throw new RangeError(`${bytes.length} bytes do not fit into ${length}`)
  const whole = new Uint8Array(length).fill(filler)
  whole.set(bytes)
  return whole
}

function joined(one, other) {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

function words(bytes) {
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}
