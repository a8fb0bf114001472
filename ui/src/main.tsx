import { effect } from '@preact/signals'
import { render } from 'preact'
import { createCompanion } from './companion.ts'
import { App } from './components/app.tsx'
import { createDesk } from './desk.ts'
import { createGatewayClient } from './gateway-client.ts'
import { browserName, createLending, lendable, lentNow } from './lending.ts'
import { createPlace } from './place.ts'
import { createStage } from './stage.ts'
import { language, text } from './text.ts'
import { createUnsentBox } from './unsent.ts'

/** Storage that a browser forbids (private windows, blocked cookies) is simply absent. */
function allowed(open: () => Storage): Storage | undefined {
  try {
    return open()
  } catch {
    return undefined
  }
}

function newId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  // Plain http on another machine has no randomUUID, but the same random bytes.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function setTimer(task: () => void, ms: number): () => void {
  const timer = setTimeout(task, ms)
  return () => clearTimeout(timer)
}

/** The page's own address decides; a fragment never leaves the browser. */
function socketAddress(): string {
  const url = new URL('./', location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.search = url.hash = ''
  return url.href
}

async function checkSignIn(): Promise<'signed-in' | 'signed-out' | 'unknown'> {
  try {
    const answer = await fetch('./ui-config.json', { redirect: 'manual', cache: 'no-store', credentials: 'same-origin' })
    if (answer.type === 'opaqueredirect' || answer.status === 401 || answer.status === 403) return 'signed-out'
    return answer.status < 500 ? 'signed-in' : 'unknown'
  } catch {
    // No answer at all: the gateway is away, not the session.
    return 'unknown'
  }
}

document.documentElement.lang = language
// An installed page has its name and its shortcuts in the language it was installed in.
if (language === 'de') document.querySelector<HTMLLinkElement>('link[rel=manifest]')?.setAttribute('href', './manifest.de.webmanifest')

const client = createGatewayClient({
  url: socketAddress(),
  openSocket: (url) => new WebSocket(url),
  now: Date.now,
  random: Math.random,
  newId,
  setTimer,
  checkSignIn,
  isUnseen: () => document.hidden,
  version: '1',
  platform: navigator.platform || 'web',
  locale: navigator.language,
  userAgent: navigator.userAgent,
  lends: { as: browserName(navigator.userAgent, navigator.platform || 'web'), commands: () => lentNow(lendable({ isSecureContext, navigator, hasNotifications: 'Notification' in globalThis }), allowed(() => localStorage)) },
})

const place = createPlace({
  hash: () => location.hash,
  push: (hash) => history.pushState(null, '', hash),
  replace: (hash) => history.replaceState(null, '', hash),
})
const desk = createDesk({
  client,
  unsent: createUnsentBox(allowed(() => sessionStorage)),
  newId,
  now: Date.now,
  setTimer,
  // A hidden tab draws nothing, but its state should still move on.
  beforePaint: (task) => (document.hidden ? setTimeout(task, 50) : requestAnimationFrame(task)),
  address: place,
})

const companion = createCompanion((hash) => {
  location.hash = hash
})
const lending = createLending({
  client, now: Date.now, setTimer, page: document, storage: allowed(() => localStorage),
  async raise() {
    const worker = await companion.worker
    if (worker === undefined || !('Notification' in globalThis) || Notification.permission !== 'granted') return false
    return worker.showNotification(text.lentRaised, { tag: 'lent', icon: './icon-192.png', badge: './badge-96.png', data: { place: `./${location.hash}` } }).then(() => true, () => false)
  },
})
const stage = createStage(desk, place, allowed(() => localStorage), Date.now, client.retryNow, companion, lending)
const root = document.getElementById('page')
if (root !== null) render(<App stage={stage} />, root)
desk.start()

/** The address that begins a chat, as the shortcut of an installed page has it. */
function follow(): void {
  if (location.hash === '#/new') return desk.newChat()
  const named = place.follow()
  if (named !== undefined && named !== desk.sessionKey.value) desk.open(named)
}
if (location.hash === '#/new') {
  const stop = client.onState((state) => {
    if (state.kind !== 'online') return
    stop()
    follow()
  })
}
addEventListener('popstate', follow)
effect(() => companion.badge(desk.unread.value.size + desk.approvals.open.value.length + desk.pairing.value.length + desk.devices.value.length))
addEventListener('online', () => client.retryNow())
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return
  if (client.state().kind === 'waiting' || client.state().kind === 'online') client.retryNow()
  // Somebody may have signed in anew in another tab.
  else if (client.state().kind === 'signed-out') void checkSignIn().then((answer) => { if (answer === 'signed-in') client.retryNow() })
})
