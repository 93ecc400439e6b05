// Tonight's figures, whenever they change. Without this the page is right each time that it is loaded.
const live = document.getElementById('live')
const state = document.getElementById('live-state')
const events = new EventSource(live.dataset.events)

events.addEventListener('open', () => say('This page updates by itself.'))
events.addEventListener('error', () => {
  const isOver = events.readyState === EventSource.CLOSED
  say(isOver ? 'This page does not update any more. Load it again.' : 'The connection is lost. We try again in a moment.')
})
events.addEventListener('message', (event) => {
  const open = [...live.querySelectorAll('details')].map((each) => each.open)
  const focused = [...live.querySelectorAll('summary')].indexOf(document.activeElement)
  live.replaceChildren(document.createRange().createContextualFragment(event.data))
  live.querySelectorAll('details').forEach((each, number) => { each.open = open[number] ?? false })
  live.querySelectorAll('summary')[focused]?.focus()
})

function say(text) {
  if (state.textContent !== text) state.textContent = text
}
