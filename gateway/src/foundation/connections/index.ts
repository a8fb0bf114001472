/**
 * Connections: opens the accounts of the configured channels, keeps them open, and knows how each one is. It hands messages
 * on and never looks into them; which channels exist it is told.
 */
import {
  ConnectProblem, Problem, connectionAbilities, describeError, type AccountId, type Channel, type ChannelHealth, type ChannelHost, type ChannelId, type ChannelNotice, type ChatRef, type Clock,
  type Connection, type ConnectionAbility, type ConfigView, type IncomingMessage, type Logger, type Media, type MediaFrom, type MediaRequest, type Migration, type Receipt, type Secret, type SecretSource, type Store, defaultAccount,
} from '@moltbot/contract'
import { followLogin, type LoginAttempt } from './login-attempt.ts'
import { sealedValuesMigration, sealedValuesOf, type Sealer } from './sealed-values.ts'
import type { ConnectionStatus, Connections } from './types.ts'


/** Between two attempts to open an account; grows to the maximum and starts over after a success. */
const retryBaseMs = 1_000
const retryMaxMs = 30_000
/** An attempt to open an account that has not answered by then is given up and made again. */
const connectDeadlineMs = 45_000
const closeDeadlineMs = 5_000

export const connectionsMigration: Migration = {
  name: '0001-connections',
  sql: 'CREATE TABLE channel_state (channel TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (channel, account, name))',
}

export { sealedValuesMigration }

/** The section values of one account, the account's own values over the channel's. */
export function accountConfigOf(config: Pick<ConfigView, 'get'>, channel: Channel, account: AccountId): Record<string, unknown> {
  const { accounts, ...shared } = config.get(channel.config) as Record<string, unknown> & { accounts?: Record<string, Record<string, unknown>> }
  const values = { ...shared, ...accounts?.[account] }
  return channel.inCommonNames === undefined ? values : (channel.inCommonNames(values as never) as Record<string, unknown>)
}

interface Line {
  channel: Channel
  account: AccountId
  config: Record<string, unknown>
  status: ConnectionStatus
  connection: Connection | undefined
  /** Raised on every close, so that a late answer of an old attempt is recognised. */
  generation: number
  cancelRetry: (() => void) | undefined
  /** What it was opened with, by configuration key. */
  login: Map<string, Secret | undefined>
}

export interface ConnectionsRoom extends Connections {
  /** Opens what is configured. Resolves when each account was tried once, or after `waitMs`. */
  start(waitMs: number): Promise<void>
  close(): Promise<void>
  /** The section values of one account: the account's own over the channel's. */
  accountConfig(channel: ChannelId, account: AccountId): Record<string, unknown>
}

/** What only a channel may ask whose senders the gateway knows: a stranger chooses no session and no model. */
function ofStranger({ session: _session, wishes: _wishes, follows: _follows, job: _job, ...message }: IncomingMessage): IncomingMessage {
  return message
}

export function createConnections(options: {
  channels: readonly Channel[]; config: ConfigView; secrets: SecretSource; store: Store; clock: Clock; log: Logger; fetch: typeof globalThis.fetch
  receive(message: IncomingMessage): Promise<Receipt>
  notice(channel: ChannelId, account: AccountId, notice: ChannelNotice): void
  commands(): { name: string; description: string }[]
  /** Films are looked into on this machine. Absent: never. */
  films?(): boolean
  /** Fetches media for an account, from there alone. */
  media(channel: ChannelId, account: AccountId, from: MediaFrom, request: MediaRequest): Promise<Media>
  /** Seals what only one account may read. Absent: channels that need it cannot be opened. */
  sealer?: Sealer
}): ConnectionsRoom {
  const { channels, config, secrets, store, clock, log } = options
  const lines = new Map<string, Line>()
  const upListeners = new Set<(channel: ChannelId, account: AccountId) => void>()
  const changeListeners = new Set<() => void>()
  const keyOf = (channel: string, account: string): string => `${channel}/${account}`
  const stopListening: (() => void)[] = []
  const attempts = new Map<string, LoginAttempt>()
  let closed = false

  const changed = (): void => changeListeners.forEach((listener) => listener())

  const accountConfig = (channel: Channel, account: AccountId): Record<string, unknown> => accountConfigOf(config, channel, account)

  /** Which accounts a channel should have open now. */
  async function wanted(channel: Channel): Promise<{ account: AccountId; configured: boolean }[]> {
    const section = config.get(channel.config) as { enabled?: boolean; accounts?: Record<string, { enabled?: boolean }> }
    if (section.enabled === false) return []
    const secret = channel.config.secrets?.find((path) => !path.includes('*'))
    const has = async (prefix: string, account: AccountId): Promise<boolean> =>
      secret === undefined || channel.opensWithoutSecret?.(accountConfig(channel, account) as never) === true || (await secrets.get(`${channel.config.path}.${prefix}${secret}`)) !== undefined
    const named = Object.entries(section.accounts ?? {}).filter(([, account]) => account.enabled !== false)
    const found: { account: AccountId; configured: boolean }[] = []
    for (const [account] of named) found.push({ account: account as AccountId, configured: await has(`accounts.${account}.`, account as AccountId) })
    // Where nothing in the configuration is a login, an account without a name is there as long as none has one.
    const unnamed = secret !== undefined || channel.login === undefined || Object.keys(section.accounts ?? {}).length === 0
    if (unnamed && !found.some((each) => each.account === defaultAccount) && (await has('', defaultAccount))) found.unshift({ account: defaultAccount, configured: true })
    return found
  }

  /** What a network says of its one login, said of an account with a name: its settings have their own place, and no variable of the environment is its. */
  function ofAccount({ channel, account }: Pick<Line, 'channel' | 'account'>, words: string): string {
    const place = prefixOf(channel, account)
    if (place === channel.config.path) return words
    return words.replaceAll(new RegExp(`${channel.config.path.replaceAll('.', '\\.')}\\.(?!accounts\\.)`, 'g'), `${place}.`).replaceAll(/, or set [A-Z][A-Z0-9_]+(?=\.)/g, '')
  }

  function report(line: Line, generation: number, given: ChannelHealth): void {
    if (generation !== line.generation) return
    const health: ChannelHealth = given.kind === 'needs-you' ? { ...given, reason: ofAccount(line, given.reason), action: ofAccount(line, given.action) } : given.kind === 'retrying' ? { ...given, reason: ofAccount(line, given.reason) } : given
    line.status.health = health
    if (health.kind === 'connected') {
      line.status.connectedAt = health.at
      line.status.lastError = null
    }
    if (health.kind === 'retrying' || health.kind === 'needs-you') line.status.lastError = health.reason
    if (health.kind === 'retrying') line.status.reconnectAttempts = health.attempt
    changed()
  }

  function hostOf(line: Line, generation: number): ChannelHost {
    const { channel, account } = line
    const prefix = prefixOf(channel, account)
    return {
      account,
      async receive(message) {
        if (closed || generation !== line.generation) throw new Error('the gateway is stopping')
        if (message.chat?.channel !== channel.id || message.chat.account !== account) throw new Error(`${channel.id}/${account} handed over a message of another channel or account`)
        const receipt = await options.receive(channel.senders === 'authenticated' ? message : ofStranger(message))
        line.status.lastInboundAt = clock.now()
        return receipt
      },
      secret: (key) => secretOf(channel, prefix, key),
      state: {
        async get(name) {
          const row = await store.read.get<{ value: string }>('SELECT value FROM channel_state WHERE channel = ? AND account = ? AND name = ?', channel.id, account, name)
          return row?.value
        },
        async set(name, value) {
          if (value.length > 65_536) throw new Error(`channel state ${name} is larger than 64 KiB`)
          await store.transaction((tx) => tx.run(
            'INSERT INTO channel_state (channel, account, name, value) VALUES (?, ?, ?, ?) ON CONFLICT (channel, account, name) DO UPDATE SET value = excluded.value',
            channel.id, account, name, value,
          ))
        },
      },
      ...(options.sealer === undefined ? {} : { sealed: sealedValuesOf(store, options.sealer, channel.id, account) }),
      health: (health) => report(line, generation, health),
      notice: (notice) => options.notice(channel.id, account, notice),
      clock,
      log: log.child(channel.id),
      fetch: options.fetch,
      media: (request) => options.media(channel.id, account, channel.mediaFrom?.(accountConfigOf(config, channel, account) as never) ?? { hosts: [] }, request),
      films: options.films?.() === true,
      commands: options.commands(),
    }
  }

  const prefixOf = (channel: Channel, account: AccountId): string =>
    account === defaultAccount && !hasAccount(channel, account) ? channel.config.path : `${channel.config.path}.accounts.${account}`

  async function secretOf(channel: Channel, prefix: string, key: string): Promise<Secret | undefined> {
    return (await secrets.get(`${prefix}.${key}`)) ?? (prefix === channel.config.path ? undefined : secrets.get(`${channel.config.path}.${key}`))
  }

  /** The secrets an account would be opened with now. */
  async function loginOf(channel: Channel, account: AccountId): Promise<Map<string, Secret | undefined>> {
    const keys = (channel.config.secrets ?? []).filter((path) => !path.includes('*'))
    return new Map(await Promise.all(keys.map(async (key) => [key, await secretOf(channel, prefixOf(channel, account), key)] as const)))
  }

  /** Whether an open account would be opened differently now. */
  async function isOutdated(line: Line): Promise<boolean> {
    if (JSON.stringify(accountConfig(line.channel, line.account)) !== JSON.stringify(line.config)) return true
    for (const [key, secret] of await loginOf(line.channel, line.account)) {
      const before = line.login.get(key)
      if (secret === undefined ? before !== undefined : before === undefined || !secret.equals(before)) return true
    }
    return false
  }

  function hasAccount(channel: Channel, account: AccountId): boolean {
    return (config.get(channel.config) as { accounts?: Record<string, unknown> }).accounts?.[account] !== undefined
  }

  async function open(line: Line): Promise<void> {
    // It may have been taken out of the configuration since it was decided to open it.
    if (closed || lines.get(keyOf(line.channel.id, line.account)) !== line) return
    // While somebody logs it in, nothing else of the account is open.
    if (attempts.get(keyOf(line.channel.id, line.account))?.state().kind === 'going') return
    const generation = (line.generation += 1)
    line.config = accountConfig(line.channel, line.account)
    report(line, generation, { kind: 'starting' })
    try {
      line.login = await loginOf(line.channel, line.account)
      const connection = await connectInTime(line, generation)
      if (generation !== line.generation || closed) {
        await connection.close()
        return
      }
      line.connection = counted(line, connection)
      line.status.reconnectAttempts = 0
      if (line.status.health.kind === 'starting') report(line, generation, { kind: 'connected', at: clock.now() })
      for (const listener of upListeners) {
        try {
          listener(line.channel.id, line.account)
        } catch (error) {
          log.error('A listener failed to hear that a channel is up.', { channel: line.channel.id, error: describeError(error) })
        }
      }
      changed()
    } catch (error) {
      if (generation !== line.generation || closed) return
      const reason = describeError(error)
      log.warn('A channel could not be opened.', { channel: line.channel.id, account: line.account, reason })
      if (error instanceof ConnectProblem && error.permanent) {
        report(line, generation, { kind: 'needs-you', reason, action: error.next })
        return
      }
      const attempt = (line.status.reconnectAttempts += 1)
      const wait = Math.min(retryMaxMs, retryBaseMs * 2 ** Math.min(attempt - 1, 10))
      report(line, generation, { kind: 'retrying', since: clock.now(), reason, attempt, nextAt: clock.now() + wait })
      line.cancelRetry = clock.after(wait, () => void open(line))
    }
  }

  /** Opens an account within the deadline. What answers after it is closed again: two lines to one login disturb each other. */
  async function connectInTime(line: Line, generation: number): Promise<Connection> {
    let late = false
    let cancel = (): void => undefined
    const tooLate = new Promise<never>((_, reject) => {
      cancel = clock.after(connectDeadlineMs, () => {
        late = true
        reject(new Error(`no answer within ${connectDeadlineMs / 1000} s`))
      })
    })
    const connecting = (async () => line.channel.connect(line.config as never, hostOf(line, generation)))()
    connecting.then(
      (connection) => {
        if (late) connection.close().catch((error: unknown) => log.warn('A channel that answered too late did not close cleanly.', { channel: line.channel.id, error: describeError(error) }))
      },
      () => undefined,
    )
    try {
      return await Promise.race([connecting, tooLate])
    } finally {
      cancel()
    }
  }

  /** The connection with its last successful send noted. Abilities it lacks stay absent. */
  function counted(line: Line, connection: Connection): Connection {
    const { door, limits } = connection
    const able = Object.fromEntries(connectionAbilities.flatMap((name) => (connection[name] === undefined ? [] : [[name, connection[name].bind(connection)]]))) as Partial<Pick<Connection, ConnectionAbility>>
    return {
      limits,
      async send(...args) {
        const id = await connection.send(...args)
        line.status.lastOutboundAt = clock.now()
        return id
      },
      close: () => connection.close(),
      ...able,
      ...(door === undefined ? {} : { door }),
    }
  }

  async function shut(line: Line): Promise<void> {
    line.generation += 1
    line.cancelRetry?.()
    line.cancelRetry = undefined
    const { connection } = line
    line.connection = undefined
    if (connection === undefined) return
    let cancel = (): void => undefined
    await Promise.race([
      (async () => connection.close())().catch((error: unknown) => log.warn('A channel did not close cleanly.', { channel: line.channel.id, error: describeError(error) })),
      new Promise<void>((resolve) => { cancel = clock.after(closeDeadlineMs, resolve) }),
    ])
    cancel()
  }

  /**
   * One change after the other: each looks at the configuration as it is when its turn comes, and what it closes is closed before the
   * next; nobody waits for what it opens but the caller. Never rejects.
   */
  const adjusting = new Map<Channel, Promise<unknown>>()
  async function adjust(channel: Channel, restart: boolean): Promise<void> {
    const next = (adjusting.get(channel) ?? Promise.resolve()).then(() => adjustNow(channel, restart)).catch((error: unknown) => {
      log.error('A channel could not be brought in line with its configuration; it is tried again.', { channel: channel.id, error: describeError(error) })
      clock.after(retryMaxMs, () => void adjust(channel, restart))
      return []
    })
    adjusting.set(channel, next)
    await Promise.all((await next).map((line) => open(line)))
    changed()
  }

  /** Brings the open accounts of a channel in line with its configuration. Only accounts that would be opened differently are closed for it. Resolves with what is to be opened. */
  async function adjustNow(channel: Channel, restart: boolean): Promise<Line[]> {
    if (closed) return []
    const want = await wanted(channel)
    const closing: Promise<void>[] = []
    const opening: Line[] = []
    for (const line of [...lines.values()].filter((each) => each.channel === channel)) {
      if (want.some((each) => each.account === line.account && each.configured)) {
        if (!line.status.configured || (restart && (line.status.health.kind === 'needs-you' || (await isOutdated(line))))) {
          line.status.configured = true
          closing.push(shut(line))
          opening.push(line)
        }
        continue
      }
      lines.delete(keyOf(channel.id, line.account))
      closing.push(shut(line))
    }
    for (const { account, configured } of want) {
      if (lines.has(keyOf(channel.id, account))) continue
      const line: Line = {
        channel, account, config: {}, connection: undefined, generation: 0, cancelRetry: undefined, login: new Map(),
        status: {
          channel: channel.id, label: channel.label, account, enabled: true, configured, health: configured ? { kind: 'starting' } : { kind: 'needs-you', reason: 'No login is configured.', action: `Set ${channel.config.path}.${channel.config.secrets?.[0] ?? 'enabled'}.` },
          connectedAt: null, lastInboundAt: null, lastOutboundAt: null, lastError: null, reconnectAttempts: 0,
        },
      }
      lines.set(keyOf(channel.id, account), line)
      if (configured) opening.push(line)
    }
    await Promise.all(closing)
    changed()
    return opening
  }

  function channelOf(id: ChannelId): Channel {
    const channel = channels.find((each) => each.id === id)
    if (channel?.login === undefined) throw new Problem('login-unsupported', `${channel?.label ?? id} is not logged in by telephone.`, { next: `Put another token in with: moltbot channels add --channel ${id} --force. Take the login away with: moltbot channels remove --channel ${id} --delete` })
    return channel
  }

  /** Closes what is open of an account while `work` is done with its login, and opens it after. */
  async function alone(channel: Channel, account: AccountId): Promise<{ host: ChannelHost; done(): void }> {
    const there = lines.get(keyOf(channel.id, account))
    if (there !== undefined) await shut(there)
    const line: Line = there ?? {
      channel, account, config: {}, connection: undefined, generation: 0, cancelRetry: undefined, login: new Map(),
      status: {
        channel: channel.id, label: channel.label, account, enabled: true, configured: true, health: { kind: 'closed' },
        connectedAt: null, lastInboundAt: null, lastOutboundAt: null, lastError: null, reconnectAttempts: 0,
      },
    }
    return {
      // What a login has to say of the connection is no state of the account yet.
      host: { ...hostOf(line, line.generation), health: () => undefined, receive: async () => { throw new Error('nothing is taken while an account is being logged in') } },
      done() {
        const now = lines.get(keyOf(channel.id, account))
        if (now !== undefined) void open(now)
        else void adjust(channel, true)
      },
    }
  }

  return {
    async login(id, account, { phone, anew }) {
      const channel = channelOf(id)
      const before = attempts.get(keyOf(id, account))
      if (before?.state().kind === 'going') {
        if (anew !== true) return before
        await before.stop()
      }
      const { host, done } = await alone(channel, account)
      const controller = new AbortController()
      const steps = (channel.login as NonNullable<Channel['login']>)(accountConfig(channel, account) as never, host, { signal: controller.signal, ...(phone === undefined ? {} : { phone }) })
      const attempt = followLogin(steps, controller, clock, done)
      attempts.set(keyOf(id, account), attempt)
      return attempt
    },
    loginOf: (channel, account) => attempts.get(keyOf(channel, account)),
    async logout(id, account) {
      const channel = channelOf(id)
      await attempts.get(keyOf(id, account))?.stop()
      const { host, done } = await alone(channel, account)
      try {
        await channel.logout?.(accountConfig(channel, account) as never, host)
      } finally {
        done()
      }
    },
    async groups(id, account, timeoutMs) {
      const line = lines.get(keyOf(id, account))
      if (line?.connection === undefined) throw new Problem('account-down', `The account ${account} of ${channels.find((each) => each.id === id)?.label ?? id} is not connected.`, { next: 'See `moltbot channels status`.' })
      if (line.connection.groups === undefined) throw new Problem('groups-unsupported', `${line.channel.label} does not list groups.`, { next: 'Read the id of a group from `moltbot logs`.' })
      const controller = new AbortController()
      const cancel = clock.after(timeoutMs, () => controller.abort())
      try {
        return await line.connection.groups(controller.signal)
      } finally {
        cancel()
      }
    },
    of: (chat: Pick<ChatRef, 'channel' | 'account'>) => lines.get(keyOf(chat.channel, chat.account))?.connection,
    status: () => [...lines.values()].map((line) => ({ ...line.status })),
    async probe(timeoutMs) {
      return Promise.all([...lines.values()].flatMap((line) => {
        const probe = line.connection?.probe
        if (probe === undefined) return []
        return [(async () => {
          const started = clock.now()
          const controller = new AbortController()
          const cancel = clock.after(timeoutMs, () => controller.abort())
          const base = { channel: line.channel.id, account: line.account }
          try {
            const text = await Promise.race([
              probe.call(line.connection, controller.signal),
              new Promise<never>((_, reject) => controller.signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true })),
            ])
            return { ...base, ok: true, text, elapsedMs: clock.now() - started }
          } catch (error) {
            return { ...base, ok: false, text: describeError(error), elapsedMs: clock.now() - started }
          } finally {
            cancel()
          }
        })()]
      }))
    },
    onUp(listener) {
      upListeners.add(listener)
      return () => void upListeners.delete(listener)
    },
    onChange(listener) {
      changeListeners.add(listener)
      return () => void changeListeners.delete(listener)
    },
    accountConfig(channel, account) {
      const found = channels.find((each) => each.id === channel)
      return found === undefined ? {} : accountConfig(found, account)
    },
    async start(waitMs) {
      for (const channel of channels) stopListening.push(config.onChange(channel.config, () => void adjust(channel, channel.config.reload !== 'hot')))
      await Promise.race([Promise.all(channels.map((channel) => adjust(channel, false))), new Promise<void>((resolve) => { clock.after(waitMs, resolve) })])
    },
    async close() {
      closed = true
      for (const stop of stopListening) stop()
      await Promise.all([...[...attempts.values()].map((attempt) => attempt.stop()), ...[...lines.values()].map(shut)])
    },
  }
}
