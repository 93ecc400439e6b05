// Reads QR codes from the camera: with the browser's own detector where it has one, else with a decoder that we ship.
import decodeQR from 'qr/decode.js'

const PAUSE = 150 // milliseconds between two looks
const SIDE = 720 // pixels of the picture that is looked at, at most

// The text of the QR code in the picture, null without one.
export function decode(picture) {
  try {
    return decodeQR(picture)
  } catch {
    return null
  }
}

async function detector() {
  if (!('BarcodeDetector' in window)) return null
  const formats = await window.BarcodeDetector.getSupportedFormats()
  return formats.includes('qr_code') ? new window.BarcodeDetector({ formats: ['qr_code'] }) : null
}

function pictureOf(video, canvas) {
  const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight))
  canvas.width = Math.round(video.videoWidth * scale)
  canvas.height = Math.round(video.videoHeight * scale)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  context.drawImage(video, 0, 0, canvas.width, canvas.height)
  return context.getImageData(0, 0, canvas.width, canvas.height)
}

// Shows what the camera sees and hands over each text, once while it stays in sight; the answer stops it.
export async function watch(video, onText) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false })
  const own = await detector().catch(() => null)
  const canvas = document.createElement('canvas')
  let seen = null
  let isOn = true
  video.srcObject = stream
  await video.play()
  const look = async () => {
    if (!isOn) return
    const text = own ? (await own.detect(video).catch(() => []))[0]?.rawValue : decode(pictureOf(video, canvas))
    if (text && text !== seen) await onText(text)
    if (text) seen = text
    setTimeout(look, PAUSE)
  }
  look()
  return () => {
    isOn = false
    for (const track of stream.getTracks()) track.stop()
    video.srcObject = null
  }
}
