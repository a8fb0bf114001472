/**
 * The page's own service worker: the shell of the page opens without a connection, and what the gateway pushes is shown. It keeps the
 * shell and its files alone: never an answer of the gateway, never an address with a token, nothing of a conversation. What another app
 * shares with the page waits here until its person sends it or takes it away; nothing is sent from here but an answer somebody tapped.
 */

/** What this file needs of a worker's scope; the page's own types know only windows. */
interface WorkerScope {
  registration: ServiceWorkerRegistration
  clients: { claim(): Promise<void>; get(id: string): Promise<WindowClient | undefined>; matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<readonly WindowClient[]>; openWindow(url: string): Promise<unknown> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: Extended) => void): void
  addEventListener(type: 'fetch', listener: (event: Extended & { request: Request; respondWith(answer: Promise<Response>): void }) => void): void
  addEventListener(type: 'push', listener: (event: Extended & { data: { json(): unknown } | null }) => void): void
  addEventListener(type: 'notificationclick', listener: (event: Extended & { notification: Notification; action: string }) => void): void
}
interface Extended { waitUntil(work: Promise<unknown>): void }
interface WindowClient { id: string; url: string; visibilityState: 'hidden' | 'visible'; focus(): Promise<unknown>; navigate(url: string): Promise<unknown>; postMessage(message: unknown): void }

const worker = globalThis as unknown as WorkerScope
const cacheName = 'moltbot-shell-1'
/** What was shared; `shared.ts` reads it. Any page of the web can share here as an app can: it is shown to a person, and bounded. */
const sharedName = 'moltbot-shared'
const sharedMax = { entries: 16, words: 20_000, bytes: 20_000_000 }
/** Old files of earlier versions are dropped beyond this many. */
const filesMax = 80
const shell = './'

const base = (): URL => new URL(worker.registration.scope)

/** The path inside the page, '' for the page itself; undefined: not ours. */
function inside(address: string): string | undefined {
  const url = new URL(address)
  const { origin, pathname } = base()
  return url.origin === origin && url.pathname.startsWith(pathname) ? url.pathname.slice(pathname.length) : undefined
}

const isFile = (path: string): boolean => /^(assets\/[^/]+|icon\.svg|icon-[\w-]+\.png|badge-96\.png|apple-touch-icon\.png|manifest(?:\.de)?\.webmanifest)$/.test(path)
const isShell = (answer: Response): boolean => answer.ok && !answer.redirected && answer.type === 'basic' && (answer.headers.get('Content-Type') ?? '').startsWith('text/html')

/** The shell as it is now, with the files it names. Signed out there is nothing to keep, and nothing is kept. */
async function keepShell(answer: Response): Promise<void> {
  if (!isShell(answer)) return
  const cache = await caches.open(cacheName)
  const html = await answer.clone().text()
  await cache.put(shell, answer)
  const files = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].flatMap((match) => (match[1] !== undefined && isFile(match[1]) ? [match[1]] : []))
  await Promise.all(files.map(async (file) => {
    if ((await cache.match(`./${file}`)) === undefined) await keepFile(cache, `./${file}`, await fetch(`./${file}`))
  }))
  const kept = (await cache.keys()).filter((request) => inside(request.url)?.startsWith('assets/') === true)
  await Promise.all(kept.slice(0, Math.max(0, kept.length - filesMax)).map((request) => cache.delete(request)))
}

async function keepFile(cache: Cache, name: string | Request, answer: Response): Promise<void> {
  if (answer.ok && !answer.redirected && answer.type === 'basic') await cache.put(name, answer)
}

async function openPage(request: Request, keep: (work: Promise<unknown>) => void): Promise<Response> {
  try {
    const answer = await fetch(request)
    keep(keepShell(answer.clone()))
    return answer
  } catch (error) {
    // The gateway is away: the shell says so, and waits for it.
    const kept = await (await caches.open(cacheName)).match(shell)
    if (kept !== undefined) return kept
    throw error
  }
}

async function openFile(request: Request, keep: (work: Promise<unknown>) => void): Promise<Response> {
  const cache = await caches.open(cacheName)
  const kept = await cache.match(request)
  if (kept !== undefined) return kept
  const answer = await fetch(request)
  keep(keepFile(cache, request, answer.clone()))
  return answer
}

worker.addEventListener('install', (event) => {
  event.waitUntil(fetch(shell, { credentials: 'same-origin' }).then(keepShell, () => undefined).then(() => worker.skipWaiting()))
})

worker.addEventListener('activate', (event) => {
  const clean = async (): Promise<void> => {
    for (const name of await caches.keys()) if (name !== cacheName && name !== sharedName && name.startsWith('moltbot-')) await caches.delete(name)
    await worker.clients.claim()
  }
  event.waitUntil(clean())
})

/** Keeps what an app shares, and shows the page with it. Works without a connection; what there is no room for is left out. */
async function takeShared(request: Request): Promise<Response> {
  const form = await request.formData()
  const said = new Set(['title', 'text', 'url'].map((name) => String(form.get(name) ?? '').trim()).filter((words) => words !== ''))
  const files = form.getAll('files').filter((entry) => entry instanceof File && entry.size > 0 && entry.size <= sharedMax.bytes) as File[]
  const cache = await caches.open(sharedName)
  const entries = [...(said.size === 0 ? [] : [new Response([...said].join('\n').slice(0, sharedMax.words))]), ...files.map((file) => new Response(file, { headers: { 'Content-Type': file.type, 'X-Name': encodeURIComponent(file.name) } }))]
  try {
    for (const [index, entry] of entries.slice(0, sharedMax.entries).entries()) await cache.put(`./shared/${Date.now()}-${index}`, entry)
    const kept = await cache.keys()
    for (const old of kept.slice(0, Math.max(0, kept.length - sharedMax.entries))) await cache.delete(old)
  } catch {
    // The device has no room: the page shows what was kept.
  }
  return Response.redirect(base().href, 303)
}

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const path = inside(request.url)
  // In a window of its own alone: what a frame of somebody's page hands over, nobody would see come.
  if (request.method === 'POST' && request.destination === 'document' && path === 'share') return event.respondWith(takeShared(request))
  if (request.method !== 'GET' || path === undefined) return
  const { search } = new URL(request.url)
  const keep = (work: Promise<unknown>): void => event.waitUntil(work.catch(() => 'kept next time'))
  // An address that carries anything (a token, words shared with the page) goes to the gateway alone.
  if (request.mode === 'navigate' && path === '' && search === '') event.respondWith(openPage(request, keep))
  else if (isFile(path) && search === '') event.respondWith(openFile(request, keep))
})

const words = {
  en: {
    approval: 'Your assistant asks for a yes', reply: 'Your assistant has answered', alert: 'Your assistant needs you', test: 'Notifications work.', body: 'Open the page to see it.',
    allow: 'Allow once', deny: 'Deny', look: 'Look at it', allowed: 'Allowed, once.', denied: 'Denied.', unanswered: 'Your answer did not count', signIn: 'Open the page and sign in to answer.', away: 'The gateway cannot be reached. Open the page to try again.',
  },
  de: {
    approval: 'Ihr Assistent bittet um ein Ja', reply: 'Ihr Assistent hat geantwortet', alert: 'Ihr Assistent braucht Sie', test: 'Benachrichtigungen funktionieren.', body: 'Öffnen Sie die Seite, um es zu sehen.',
    allow: 'Einmal erlauben', deny: 'Ablehnen', look: 'Ansehen', allowed: 'Einmal erlaubt.', denied: 'Abgelehnt.', unanswered: 'Ihre Antwort zählte nicht', signIn: 'Öffnen Sie die Seite und melden Sie sich an, um zu antworten.', away: 'Das Gateway ist nicht erreichbar. Öffnen Sie die Seite, um es noch einmal zu versuchen.',
  },
}
const say = navigator.language.startsWith('de') ? words.de : words.en
const kinds = ['approval', 'reply', 'alert', 'test'] as const
const places = { approval: './#/approvals', reply: './', alert: './#/home', test: './#/settings' } as const

interface Pushed { kind: (typeof kinds)[number]; body: string | undefined; place: string; question: { id: string; allow: boolean } | undefined }
/** What a notification keeps for a click. `question`: the one it is about, by its id. */
interface Kept { place: string; question?: string }
/** As browsers take it; the page's own types know no actions. */
type Shown = NotificationOptions & { actions?: { action: Action; title: string }[] }
type Action = 'allow' | 'deny' | 'look'

const fieldsOf = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {})

/** What came is shown as words, whoever sent it; the place is one of the page's own. */
function readPush(data: unknown): Pushed {
  const raw = fieldsOf(data)
  const kind = kinds.find((known) => known === raw['kind']) ?? 'alert'
  const session = raw['session']
  const question = fieldsOf(raw['question'])
  return {
    kind,
    body: typeof raw['body'] === 'string' ? raw['body'].slice(0, 300) : undefined,
    place: typeof session === 'string' && session.startsWith('agent:') ? `./#${encodeURIComponent(session)}` : places[kind],
    question: kind === 'approval' && typeof question['id'] === 'string' ? { id: question['id'], allow: question['allow'] === true } : undefined,
  }
}

async function showNote(title: string, options: Shown & { data: Kept }): Promise<void> {
  await worker.registration.showNotification(title, { icon: './icon-192.png', badge: './badge-96.png', ...options })
  await countOnIcon()
}

/** While no window is open the icon counts the notifications nobody touched; a window counts what really waits. */
async function countOnIcon(): Promise<void> {
  if ((await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })).some((client) => inside(client.url) !== undefined)) return
  const left = (await worker.registration.getNotifications()).length
  // Absent or refused on many systems, and then nobody misses it.
  await (left > 0 ? navigator.setAppBadge?.(left) : navigator.clearAppBadge?.())?.catch(() => undefined)
}

worker.addEventListener('push', (event) => {
  let data: unknown
  try {
    data = event.data?.json()
  } catch {
    // Not ours; a browser still wants something to be shown.
    data = undefined
  }
  const { kind, body, place, question } = readPush(data)
  const show = async (): Promise<void> => {
    // Whoever looks at the page sees the answer there.
    const watched = (await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })).some((client) => client.visibilityState === 'visible' && inside(client.url) !== undefined)
    if (watched && kind === 'reply') return
    const options: Shown & { data: Kept } = { body: body ?? say.body, tag: `${kind} ${question?.id ?? place}`, data: { place }, requireInteraction: kind === 'approval' }
    if (question !== undefined) {
      options.data.question = question.id
      options.actions = [question.allow ? { action: 'allow', title: say.allow } : { action: 'look', title: say.look }, { action: 'deny', title: say.deny }]
    }
    await showNote(say[kind], options)
  }
  event.waitUntil(show())
})

/** Shows a place of the page: in the window there is, or in a new one. */
async function openPlace(place: string): Promise<void> {
  const address = new URL(place, base()).href
  const [page] = (await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })).filter((client) => inside(client.url) !== undefined)
  if (page === undefined) return void (await worker.clients.openWindow(address))
  // A browser may keep a window behind others; it shows the place all the same. One that was closed in this moment shows nothing.
  const isBefore = await page.focus().then(() => true, () => false)
  if (!isBefore && (await worker.clients.get(page.id)) === undefined) return void (await worker.clients.openWindow(address))
  page.postMessage({ kind: 'go', hash: new URL(address).hash })
}

const answerMs = 15_000

/**
 * What the gateway said to an answer. It is given on a line of its own, as the page gives it: by the cookie of this browser's sign-in, from
 * this origin, for this one question, and with the right to answer questions alone.
 */
type Said = { kind: 'taken' } | { kind: 'signed-out' } | { kind: 'refused'; reason: string } | { kind: 'away' }

function answer(id: string, decision: 'allow-once' | 'deny'): Promise<Said> {
  return new Promise((resolve) => {
    const address = base()
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
    const line = new WebSocket(address)
    const end = (said: Said): void => {
      clearTimeout(late)
      resolve(said)
      line.close()
    }
    const late = setTimeout(() => end({ kind: 'away' }), answerMs)
    const ask = (name: string, method: string, params: Record<string, unknown>): void => line.send(JSON.stringify({ type: 'req', id: name, method, params }))
    line.addEventListener('close', () => end({ kind: 'away' }))
    line.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      const frame = fieldsOf(typeof data === 'string' ? JSON.parse(data) : undefined)
      const client = { id: 'moltbot-control-ui', version: '1', platform: navigator.platform || 'web', mode: 'probe' }
      if (frame['event'] === 'connect.challenge') ask('connect', 'connect', { minProtocol: 4, maxProtocol: 4, client, role: 'operator', scopes: ['operator.approvals'], caps: [] })
      if (frame['type'] !== 'res') return
      const error = fieldsOf(frame['error'])
      if (frame['ok'] !== true) return end(error['code'] === 'UNAVAILABLE' ? { kind: 'away' } : frame['id'] === 'connect' ? { kind: 'signed-out' } : { kind: 'refused', reason: String(error['message']) })
      if (frame['id'] === 'connect') return ask('answer', 'exec.approval.resolve', { id, decision, from: 'notification' })
      end({ kind: 'taken' })
    })
  })
}

async function answerFrom({ place, question }: Kept & { question: string }, action: 'allow' | 'deny'): Promise<void> {
  const said = await answer(question, action === 'allow' ? 'allow-once' : 'deny')
  const tag = `approval ${question}`
  if (said.kind === 'taken') return showNote(action === 'allow' ? say.allowed : say.denied, { tag, silent: true, data: { place } })
  if (said.kind === 'signed-out') {
    try {
      return await openPlace(place)
    } catch {
      // Opening a window is for the first moments after the tap: then the notification says it.
    }
  }
  await showNote(say.unanswered, { tag, body: said.kind === 'refused' ? said.reason : said.kind === 'signed-out' ? say.signIn : say.away, data: { place } })
}

worker.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const { place, question } = event.notification.data as Kept
  const { action } = event
  event.waitUntil(((action === 'allow' || action === 'deny') && question !== undefined ? answerFrom({ place, question }, action) : openPlace(place)).finally(countOnIcon))
})
