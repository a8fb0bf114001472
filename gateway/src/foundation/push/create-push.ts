import { Problem, describeError, type Clock, type Logger, type Migration, type PrincipalId, type Secret, type Store } from '@moltbot/contract'
import type { PushDoor, PushNotice, PushPreferences, PushTarget } from './types.ts'

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
  /** Posts through the gate of what leaves this machine. Resolves with the status; rejects with why nothing was sent. */
  post(request: PushRequest): Promise<number>
}

const keyName = 'push.vapid'
/** Who a push service could write to about us; it is told no address of the person. */
const subject = 'mailto:push@moltbot.invalid'
const browsersMax = 20
const bodyMax = 300
/** How long a push service keeps what it could not deliver, in seconds: a question is worth nothing after it ran out. */
const keepSeconds = { approval: 600, reply: 86_400, alert: 86_400, test: 60 } as const
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

  const browsersOf = (principal: PrincipalId): Promise<{ endpoint: string; p256dh: string; auth: string }[]> =>
    store.read.all<{ endpoint: string; p256dh: string; auth: string }>('SELECT endpoint, p256dh, auth FROM push_browsers WHERE principal = ? ORDER BY created_at', principal)
  const forget = (endpoint: string): Promise<unknown> => store.transaction((tx) => tx.run('DELETE FROM push_browsers WHERE endpoint = ?', endpoint))

  async function preferences(principal: PrincipalId): Promise<PushPreferences> {
    const row = await store.read.get<Record<'approvals' | 'replies' | 'alerts' | 'show_text', number>>('SELECT approvals, replies, alerts, show_text FROM push_wishes WHERE principal = ?', principal)
    return row === undefined ? standard : { approvals: row.approvals === 1, replies: row.replies === 1, alerts: row.alerts === 1, showText: row.show_text === 1 }
  }

  /** True: it was taken. A browser that is gone for good is forgotten. */
  async function tell(principal: PrincipalId, { endpoint, p256dh, auth }: { endpoint: string; p256dh: string; auth: string }, notice: PushNotice): Promise<boolean> {
    const host = new URL(endpoint).host
    try {
      const { headers, body } = (await library()).generateRequestDetails({ endpoint, keys: { p256dh, auth } }, JSON.stringify(notice), {
        vapidDetails: { subject, ...await ownKeys() }, TTL: keepSeconds[notice.kind], urgency: notice.kind === 'reply' ? 'normal' : 'high', contentEncoding: 'aes128gcm',
      })
      const status = await post({ url: endpoint, body: body ?? Buffer.alloc(0), principal, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])) })
      if (status === 404 || status === 410) await forget(endpoint)
      if (status >= 200 && status < 300) return true
      log.warn('A push service did not take a notification.', { host, status })
    } catch (error) {
      log.warn('A notification could not be sent.', { host, reason: describeError(error) })
    }
    return false
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
        if (browsers.length === 0) return { sent: 0, failed: 0 }
        const wishes = await preferences(principal)
        const wanted = { approval: wishes.approvals, reply: wishes.replies, alert: wishes.alerts, test: true }[notice.kind]
        if (!wanted) return { sent: 0, failed: 0 }
        const { body, session, kind } = notice
        const told: PushNotice = { kind, ...(session === undefined ? {} : { session }), ...(wishes.showText && body !== undefined ? { body: body.slice(0, bodyMax) } : {}) }
        const results = await Promise.all(browsers.map((browser) => tell(principal, browser, told)))
        const sent = results.filter(Boolean).length
        return { sent, failed: results.length - sent }
      } catch (error) {
        log.error('Notifications could not be prepared.', { reason: describeError(error) })
        return { sent: 0, failed: 1 }
      }
    },
    people: async () => (await store.read.all<{ principal: PrincipalId }>('SELECT DISTINCT principal FROM push_browsers')).map((row) => row.principal),
  }
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
  if (Buffer.from(keys.p256dh, 'base64url').length !== 65 || Buffer.from(keys.auth, 'base64url').length !== 16) throw wrong('its keys have the wrong length')
}
