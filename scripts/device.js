// What a door's device holds: names, sittings and hashes of tickets, until the night; and what it did that the server
// has not heard of, which names nobody and stays until it is told. Everything is on the disk before it is shown.
const NAME = 'engage-doors'
const KEPT = 'engage-doors' // the pages and scripts that work without a network

let opened

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => {
      const database = request.result
      database.createObjectStore('lists', { keyPath: 'slug' })
      database.createObjectStore('people', { keyPath: ['slug', 'ticket'] })
      database.createObjectStore('acts', { keyPath: 'number', autoIncrement: true })
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  return opened
}

// Runs `work` with the stores in one transaction; resolves with what it returned once that is on the disk.
async function write(names, work) {
  const database = await open()
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(names, 'readwrite', { durability: 'strict' })
    const answer = work(...names.map((name) => transaction.objectStore(name)))
    transaction.oncomplete = () => resolve(answer)
    transaction.onabort = () => reject(transaction.error)
  })
}

async function readAll(name, range) {
  const database = await open()
  return new Promise((resolve, reject) => {
    const request = database.transaction(name).objectStore(name).getAll(range)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

const ofEvening = (slug) => IDBKeyRange.bound([slug], [slug, []])

export async function listOf(slug) {
  return (await readAll('lists', IDBKeyRange.only(slug)))[0]
}

export async function peopleOf(slug) {
  return readAll('people', ofEvening(slug))
}

export async function actsOf(slug) {
  return (await readAll('acts')).filter((act) => act.slug === slug)
}

export async function keepList(list, people) {
  await write(['lists', 'people'], (lists, those) => {
    lists.put(list)
    those.delete(ofEvening(list.slug))
    for (const person of people) those.put({ ...person, slug: list.slug })
  })
}

// Keeps acts, people and the list as they are now; acts get their numbers. Names that were forgotten meanwhile, by a
// sign-out in another window, do not come back.
export async function keep({ acts = [], people = [], list = null }) {
  await write(['acts', 'people', 'lists'], (done, those, lists) => {
    for (const act of acts) {
      const request = done.put(act)
      request.onsuccess = () => { act.number = request.result }
    }
    const known = lists.getAllKeys()
    known.onsuccess = () => {
      const isKnown = ({ slug }) => known.result.includes(slug)
      for (const person of people.filter(isKnown)) those.put(person)
      if (list && isKnown(list)) lists.put(list)
    }
  })
}

export async function dropActs(acts) {
  await write(['acts'], (done) => { for (const { number } of acts) done.delete(number) })
}

// Forgets every name, and the lists whose time is over by then. What was not told yet stays: it names nobody.
export async function forget(isOver = () => true) {
  const slugs = (await readAll('lists')).filter(isOver).map(({ slug }) => slug)
  const told = (await readAll('acts')).filter(({ slug, isSent }) => isSent && slugs.includes(slug))
  await write(['lists', 'people', 'acts'], (lists, people, acts) => {
    for (const slug of slugs) {
      lists.delete(slug)
      people.delete(ofEvening(slug))
    }
    for (const { number } of told) acts.delete(number)
  })
  return slugs
}

// Keeps the page (in the form that names nobody) and what it loads, so that it opens without a network.
export async function keepPage(here, files) {
  const kept = await caches.open(KEPT)
  const page = await fetch(`${here}?plain`)
  if (!page.ok || page.redirected) return
  await kept.put(here, page)
  const known = new Set((await kept.keys()).map(({ url }) => url))
  await kept.addAll(files.filter((url) => !known.has(url)))
  const isOld = (url) => new URL(url).pathname.startsWith('/static/') && !files.includes(url)
  await Promise.all([...known].filter(isOld).map((url) => kept.delete(url)))
}
