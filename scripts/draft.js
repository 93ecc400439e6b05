// A draft that stays in this browser: under the wave's key and a name that does not tell the link.
import { nameFor } from './sealing.js'

const PREFIX = 'engage-pulse'

export class Draft {
  constructor(wave, address) {
    this.name = `${PREFIX} ${wave} ${nameFor(address)}`
  }

  get isKept() {
    return withStorage((storage) => {
      const probe = `${PREFIX} probe`
      storage.setItem(probe, '')
      storage.removeItem(probe)
      return true
    }) ?? false
  }

  read() {
    return withStorage((storage) => JSON.parse(storage.getItem(this.name)))
  }

  write(content) {
    withStorage((storage) => storage.setItem(this.name, JSON.stringify(content)))
  }

  clear() {
    withStorage((storage) => storage.removeItem(this.name))
  }
}

// Drafts for a wave that takes no more answers, or of a link that was used, are of no use to anybody.
export function forget(wave, address) {
  withStorage((storage) => {
    for (const name of Object.keys(storage)) {
      if (address ? name === new Draft(wave, address).name : name.startsWith(`${PREFIX} ${wave} `)) storage.removeItem(name)
    }
  })
}

// Storage may be switched off, full or spoilt: then there is no draft, and nothing else is lost.
function withStorage(act) {
  try {
    return act(window.localStorage)
  } catch {
    return null
  }
}
