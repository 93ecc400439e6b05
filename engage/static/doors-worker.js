// Serves the doors where there is no network, from what their page has kept. Keeps nothing itself.
const KEPT = 'engage-doors'
const PATIENCE = 4000 // milliseconds, for a network that neither works nor fails

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request
  const { origin, pathname } = new URL(url)
  if (method !== 'GET' || origin !== self.location.origin) return
  if (pathname.startsWith('/static/')) event.respondWith(keptFirst(event.request))
  else if (mode === 'navigate') event.respondWith(keptLast(event.request, pathname))
})

// Static addresses change with their content, so what was kept is right.
async function keptFirst(request) {
  return (await caches.match(request, { cacheName: KEPT })) ?? fetch(request)
}

async function keptLast(request, pathname) {
  const kept = await caches.match(pathname, { cacheName: KEPT })
  if (!kept) return fetch(request)
  try {
    return await Promise.race([fetch(request), late()])
  } catch {
    return kept
  }
}

function late() {
  return new Promise((_, reject) => setTimeout(reject, PATIENCE))
}
