import { isIP } from 'node:net'
import { Problem, describeError, type Clock, type Logger, type Migration, type PrincipalId, type Secret, type Store } from '@moltbot/contract'
import type { PushDoor, PushNotice, PushPreferences, PushResult, PushTarget } from './types.ts'

export const pushMigration: Migration = {
  name: '0001-push',
  sql: `CREATE TABLE push_browsers (endpoint TEXT PRIMARY KEY, principal TEXT NOT NULL, p256dh TEXT NOT NULL, auth TEXT NOT NULL, created_at INTEGER NOT NULL);
        CREATE INDEX push_browsers_principal ON push_browsers (principal);
        CREATE TABLE push_wishes (principal TEXT PRIMARY KEY, approvals INTEGER NOT NULL, replies INTEGER NOT NULL, alerts INTEGER NOT NULL, show_text INTEGER NOT NULL)`,
}

/** One encrypted message on its way to a browser's push service. */
export interface PushRequest { url: string; headers: Record<string, string>; body: Buffer; principal: PrincipalId }

export interface PushOptions {
  store: Store
  clock: Clock
  log: Logger
  keys: { get(name: string): Secret | undefined; set(name: string, value: string): Promise<void> }
  /** Posts through the gate of what leaves this machine. `retryAfter`: that header, if there was one. Rejects with why nothing was sent. */
  post(request: PushRequest): Promise<{ status: number; retryAfter?: string }>
}

/** What a push service asked to be sent later: the newest of each kind and place, each question, with the time until which it is worth sending. */
interface Held { principal: PrincipalId; notices: Map<string, { notice: PushNotice; until: number }>; cancel(): void }
type Browser = { endpoint: string; p256dh: string; auth: string }

const keyName = 'push.vapid'
/** Who a push service could write to about us; it is told no address of the person. */
const subject = 'mailto:push@moltbot.invalid'
const browsersMax = 20
const bodyMax = 300
/** So many notices wait for one browser; the oldest makes room. */
const heldMax = 10
/** How long to wait where a push service only says that it was too much, in ms. */
const pauseMs = 60_000
/** How long a push service keeps what it could not deliver, in seconds: a question is worth nothing after it ran out. */
const keepSeconds = { approval: 600, reply: 86_400, alert: 86_400, test: 60 } as const
const none: PushResult = { sent: 0, failed: 0, later: 0 }
const standard: PushPreferences = { approvals: true, replies: true, alerts: true, showText: false }

export function createPush({ store, clock, log, keys, post }: PushOptions): PushDoor {
  let making: Promise<{ publicKey: string; privateKey: string }> | undefined

  async function ownKeys(): Promise<{ publicKey: string; privateKey: string }> {
    const kept = keys.get(keyName)
    if (kept !== undefined) return JSON.parse(kept.open('signing a push message')) as { publicKey: string; privateKey: string }
    making ??= (async () => {
      const made = (await library()).generateVAPIDKeys()
      await keys.set(keyName, JSON.stringify(made))
      return made
    })().finally(() => {
      making = undefined
    })
    return making
  }

  const browsersOf = (principal: PrincipalId): Promise<Browser[]> =>
    store.read.all<Browser>('SELECT endpoint, p256dh, auth FROM push_browsers WHERE principal = ? ORDER BY created_at', principal)
  const forget = (endpoint: string): Promise<unknown> => store.transaction((tx) => tx.run('DELETE FROM push_browsers WHERE endpoint = ?', endpoint))

  async function preferences(principal: PrincipalId): Promise<PushPreferences> {
    const row = await store.read.get<Record<'approvals' | 'replies' | 'alerts' | 'show_text', number>>('SELECT approvals, replies, alerts, show_text FROM push_wishes WHERE principal = ?', principal)
    return row === undefined ? standard : { approvals: row.approvals === 1, replies: row.replies === 1, alerts: row.alerts === 1, showText: row.show_text === 1 }
  }

  /** What waits until a push service takes more, by the browser's address. Lost with the process: by then it is old. */
  const held = new Map<string, Held>()

  function hold(principal: PrincipalId, endpoint: string, notice: PushNotice, until: number, waitMs: number): void {
    const now = held.get(endpoint) ?? { principal, notices: new Map(), cancel: clock.after(waitMs, () => void sendHeld(endpoint)) }
    held.set(endpoint, now)
    const name = `${notice.kind} ${notice.question?.id ?? notice.session ?? ''}`
    now.notices.delete(name)
    now.notices.set(name, { notice, until })
    for (const oldest of [...now.notices.keys()].slice(0, -heldMax)) now.notices.delete(oldest)
  }

  async function sendHeld(endpoint: string): Promise<void> {
    const due = held.get(endpoint)
    held.delete(endpoint)
    if (due === undefined) return
    try {
      // Switched off in the meantime, it is told nothing.
      const browser = (await browsersOf(due.principal)).find((known) => known.endpoint === endpoint)
      if (browser === undefined) return
      for (const { notice, until } of due.notices.values()) if (until > clock.now()) await tell(due.principal, browser, notice, until)
    } catch (error) {
      log.error('Notifications that waited could not be sent.', { reason: describeError(error) })
    }
  }

  /** A browser that is gone for good is forgotten; one whose service has too much to do is told later, as far as that is of use. */
  async function tell(principal: PrincipalId, { endpoint, p256dh, auth }: Browser, notice: PushNotice, until: number): Promise<keyof PushResult> {
    const host = new URL(endpoint).host
    if (held.has(endpoint)) {
      hold(principal, endpoint, notice, until, 0)
      return 'later'
    }
    try {
      const { headers, body } = (await library()).generateRequestDetails({ endpoint, keys: { p256dh, auth } }, JSON.stringify(notice), {
        vapidDetails: { subject, ...await ownKeys() }, TTL: Math.max(0, Math.floor((until - clock.now()) / 1000)), urgency: notice.kind === 'reply' ? 'normal' : 'high', contentEncoding: 'aes128gcm',
      })
      const { status, retryAfter } = await post({ url: endpoint, body: body ?? Buffer.alloc(0), principal, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])) })
      if (status === 404 || status === 410) await forget(endpoint)
      if (status >= 200 && status < 300) return 'sent'
      log.warn('A push service did not take a notification.', { host, status })
      const waitMs = status === 429 || (status === 503 && retryAfter !== undefined) ? waitOf(retryAfter, clock.now()) : undefined
      if (waitMs !== undefined && clock.now() + waitMs < until) {
        hold(principal, endpoint, notice, until, waitMs)
        return 'later'
      }
    } catch (error) {
      log.warn('A notification could not be sent.', { host, reason: describeError(error) })
    }
    return 'failed'
  }

  return {
    publicKey: async () => (await ownKeys()).publicKey,
    async subscribe(principal, target) {
      checkTarget(target)
      const known = await browsersOf(principal)
      if (known.length >= browsersMax && !known.some((browser) => browser.endpoint === target.endpoint)) {
        throw new Problem('push-full', `${browsersMax} browsers of yours are told already.`, { next: 'Switch notifications off in all of them, and on again where you want them.' })
      }
      await store.transaction((tx) => tx.run(
        'INSERT INTO push_browsers (endpoint, principal, p256dh, auth, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (endpoint) DO UPDATE SET principal = excluded.principal, p256dh = excluded.p256dh, auth = excluded.auth',
        target.endpoint, principal, target.keys.p256dh, target.keys.auth, Math.round(clock.now()),
      ))
    },
    async unsubscribe(principal, endpoint) {
      const gone = (await browsersOf(principal)).filter((browser) => endpoint === 'all' || browser.endpoint === endpoint)
      for (const browser of gone) await forget(browser.endpoint)
      return gone.length
    },
    count: async (principal) => (await browsersOf(principal)).length,
    preferences,
    async prefer(principal, changes) {
      const now = { ...await preferences(principal), ...changes }
      await store.transaction((tx) => tx.run(
        'INSERT INTO push_wishes (principal, approvals, replies, alerts, show_text) VALUES (?, ?, ?, ?, ?) ON CONFLICT (principal) DO UPDATE SET approvals = excluded.approvals, replies = excluded.replies, alerts = excluded.alerts, show_text = excluded.show_text',
        principal, Number(now.approvals), Number(now.replies), Number(now.alerts), Number(now.showText),
      ))
      return now
    },
    async send(principal, notice) {
      try {
        const browsers = await browsersOf(principal)
        if (browsers.length === 0) return none
        const wishes = await preferences(principal)
        const wanted = { approval: wishes.approvals, reply: wishes.replies, alert: wishes.alerts, test: true }[notice.kind]
        if (!wanted) return none
        const { body, session, kind, question } = notice
        const shown = wishes.showText ? body?.slice(0, bodyMax) : undefined
        const told: PushNotice = {
          kind, ...(session === undefined ? {} : { session }), ...(shown === undefined ? {} : { body: shown }),
          ...(question === undefined ? {} : { question: { id: question.id, allow: question.allow && shown !== undefined && shown === body } }),
        }
        const until = clock.now() + keepSeconds[kind] * 1000
        const results = await Promise.all(browsers.map((browser) => tell(principal, browser, told, until)))
        const count = (end: keyof PushResult): number => results.filter((result) => result === end).length
        return { sent: count('sent'), failed: count('failed'), later: count('later') }
      } catch (error) {
        log.error('Notifications could not be prepared.', { reason: describeError(error) })
        return { ...none, failed: 1 }
      }
    },
    close() {
      for (const { cancel } of held.values()) cancel()
      held.clear()
    },
    people: async () => (await store.read.all<{ principal: PrincipalId }>('SELECT DISTINCT principal FROM push_browsers')).map((row) => row.principal),
  }
}

/** `Retry-After` (RFC 9110: seconds or a date) in ms, at least one second. */
function waitOf(header: string | undefined, now: number): number {
  const said = header === undefined ? pauseMs : /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Math.max(1000, Number.isNaN(said) ? pauseMs : said)
}

/** Loaded when somebody is first told: most gateways never are asked to. */
async function library(): Promise<(typeof import('web-push'))['default']> {
  return (await import('web-push')).default
}

function checkTarget({ endpoint, keys }: PushTarget): void {
  const wrong = (what: string): Problem => new Problem('push-endpoint', `This is no browser that could be told: ${what}.`, { next: 'Switch notifications off and on again in the browser.' })
  if (!URL.canParse(endpoint)) throw wrong('its address is none')
  const url = new URL(endpoint)
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') throw wrong('its address is no plain https address')
  // A push service has a name in the public network. What a name leads to is judged at every message, by the gate.
  const host = url.hostname
  if (url.port !== '' || host.startsWith('[') || isIP(host) !== 0 || !host.includes('.') || /\.(?:localhost|local|internal|lan|home\.arpa)\.?$/.test(host)) throw wrong('its address leads to no push service')
  if (Buffer.from(keys.p256dh, 'base64url').length !== 65 || Buffer.from(keys.auth, 'base64url').length !== 16) throw wrong('its keys have the wrong length')
}
