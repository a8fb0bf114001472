import { signal, type ReadonlySignal, type Signal } from '@preact/signals'
import type { GatewayClient } from './gateway-client.ts'
import { fields, words } from './wire.ts'

/** What a browser can do for the assistant, by the names of the wire. */
export const lentCommands = ['camera.snap', 'canvas.present', 'clipboard.read', 'clipboard.write', 'file.pick', 'location.get', 'system.notify'] as const
export type LentCommand = (typeof lentCommands)[number]

/** One question of the gateway's. `until`: epoch ms; after that it is over. */
export interface LentAsk {
  id: string
  nodeId: string
  command: LentCommand
  params: Readonly<Record<string, unknown>>
  until: number
  /** Who asks, in words. */
  name: string
  /** Absent: it is not an agent that asks. */
  agentId: string | undefined
  sessionKey: string | undefined
  why: string | undefined
  /** Strangers' words may be behind it: what was allowed for a while does not count. */
  strange: boolean
}

/** A yes that lasts: for one ability, one agent, one chat, on this page. `until` absent: until the page closes. */
export interface LentGrant { command: LentCommand; agentId: string; agentName: string; sessionKey: string; until: number | undefined }

export type LentAnswer = { ok: true; payload: unknown } | { ok: false; code: string }

/** What this page lends the assistant: the questions that wait, what was allowed for a while, what is shown. Nothing of it outlives the page but what is never lent. */
export interface Lending {
  /** Oldest first. */
  asks: ReadonlySignal<readonly LentAsk[]>
  grants: ReadonlySignal<readonly LentGrant[]>
  /** What the assistant shows now. */
  shown: Signal<{ title: string; url: string } | undefined>
  /** Abilities this browser refuses without a question. */
  never: ReadonlySignal<ReadonlySet<string>>
  /** Whether a yes from before covers this question. */
  covers(ask: LentAsk): boolean
  allow(ask: LentAsk, forMs: number | undefined): void
  takeBack(grant: LentGrant): void
  refuse(command: LentCommand, always: boolean): void
  /** Answers once; a question that is over is left alone. */
  settle(ask: LentAsk, answer: LentAnswer): void
}

export interface LendingSurroundings {
  client: GatewayClient
  now(): number
  setTimer(task: () => void, ms: number): () => void
  page: Pick<Document, 'hidden' | 'addEventListener'>
  /** Where what is never lent is kept. Absent: it is forgotten with the page. */
  storage: Pick<Storage, 'getItem' | 'setItem'> | undefined
  /** Says, while nobody looks at the page, that something is asked there. False: it cannot. */
  raise(): Promise<boolean>
}

const storedAs = 'moltbot-never-lent'
/** More is not shown to a person at once. */
const asksMax = 8

/** What this browser has. A page without a secure line has almost nothing. */
export function lendable(world: { isSecureContext: boolean; navigator: Partial<Pick<Navigator, 'mediaDevices' | 'geolocation' | 'clipboard'>>; hasNotifications: boolean }): LentCommand[] {
  const { navigator, isSecureContext: secure } = world
  const has: Record<LentCommand, boolean> = {
    'camera.snap': secure && typeof navigator.mediaDevices?.getUserMedia === 'function', 'canvas.present': true, 'clipboard.read': secure && typeof navigator.clipboard?.readText === 'function',
    'clipboard.write': secure && typeof navigator.clipboard?.writeText === 'function', 'file.pick': true, 'location.get': secure && navigator.geolocation !== undefined, 'system.notify': secure && world.hasNotifications,
  }
  return lentCommands.filter((command) => has[command])
}

/** `Firefox, Linux x86_64`: what a person would call this browser. */
export function browserName(userAgent: string, platform: string): string {
  // Each calls itself by the names of others too; the rarer name is the true one.
  const [, name = 'Browser'] = [['Firefox/', 'Firefox'], ['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']].find(([mark = '']) => userAgent.includes(mark)) ?? []
  return `${name}, ${/\b(?:iPhone|iPad|Android)\b/.exec(userAgent)?.[0] ?? platform}`.slice(0, 200)
}

function storedNever(storage: LendingSurroundings['storage']): ReadonlySet<string> {
  return new Set((storage?.getItem(storedAs) ?? '').split(' ').filter((name) => name !== ''))
}

/** What is said in the handshake: what the browser has, less what its person never lends. */
export function lentNow(all: readonly LentCommand[], storage: LendingSurroundings['storage']): LentCommand[] {
  const never = storedNever(storage)
  return all.filter((command) => !never.has(command))
}

function readAsk(payload: unknown, now: number): LentAsk | undefined {
  const raw = fields(payload)
  const asked = fields(raw['asked'])
  const id = words(raw['id'])
  const nodeId = words(raw['nodeId'])
  const command = lentCommands.find((name) => name === raw['command'])
  if (id === undefined || nodeId === undefined || command === undefined) return undefined
  let params: Record<string, unknown> = {}
  try {
    params = fields(JSON.parse(words(raw['paramsJSON']) ?? '{}'))
  } catch {
    // What it should do is not said, so nothing is done.
    return undefined
  }
  const timeoutMs = typeof raw['timeoutMs'] === 'number' ? raw['timeoutMs'] : 30_000
  return { id, nodeId, command, params, until: now + timeoutMs, name: words(asked['name']) ?? '', agentId: words(asked['agentId']), sessionKey: words(asked['sessionKey']), why: words(asked['why']), strange: asked['strange'] !== false }
}

export function createLending(world: LendingSurroundings): Lending {
  const { client, page } = world
  const asks = signal<readonly LentAsk[]>([])
  const grants = signal<readonly LentGrant[]>([])
  const never = signal(storedNever(world.storage))
  const drop = (id: string): void => {
    if (asks.value.some((ask) => ask.id === id)) asks.value = asks.value.filter((ask) => ask.id !== id)
  }
  const covers = (ask: LentAsk): boolean => !ask.strange && grants.value.some((grant) => grant.command === ask.command && grant.agentId === ask.agentId && grant.sessionKey === ask.sessionKey && (grant.until === undefined || grant.until > world.now()))
  const send = ({ id, nodeId }: LentAsk, answer: LentAnswer): void => {
    const result = answer.ok ? { ok: true, payload: answer.payload } : { ok: false, error: { code: answer.code, message: answer.code } }
    // Where the line broke the question is over at the gateway too.
    void client.request('node.invoke.result', { id, nodeId, ...result }, 60_000).catch(() => undefined)
  }
  const tell = (): void => {
    const state = client.state()
    if (state.kind === 'online' && state.hello.methods.has('node.event')) void client.request('node.event', { event: 'node.visible', payload: { visible: !page.hidden } }).catch(() => undefined)
  }

  client.on('node.invoke.request', (payload) => {
    const ask = readAsk(payload, world.now())
    if (ask === undefined || asks.value.some(({ id }) => id === ask.id)) return
    if (never.value.has(ask.command)) return send(ask, { ok: false, code: 'UNAUTHORIZED' })
    if (asks.value.length >= asksMax) return send(ask, { ok: false, code: 'UNAVAILABLE' })
    const take = (): void => {
      asks.value = [...asks.value, ask]
      world.setTimer(() => drop(ask.id), Math.max(0, ask.until - world.now()))
    }
    // A notification is for when nobody looks; everything else waits for somebody who does.
    if (!page.hidden || (ask.command === 'system.notify' && covers(ask))) return take()
    take()
    void world.raise().then((raised) => {
      if (raised || !page.hidden || !asks.value.includes(ask)) return
      drop(ask.id)
      send(ask, { ok: false, code: 'NODE_BACKGROUND_UNAVAILABLE' })
    })
  })
  client.on('node.invoke.cancel', (payload) => drop(words(fields(payload)['id']) ?? ''))
  client.onState((state) => {
    if (state.kind === 'online') return tell()
    asks.value = []
  })
  page.addEventListener('visibilitychange', tell)

  return {
    asks, grants, never, covers,
    shown: signal(undefined),
    allow(ask, forMs) {
      const { command, agentId, sessionKey } = ask
      if (agentId === undefined || sessionKey === undefined || ask.strange) return
      const until = forMs === undefined ? undefined : world.now() + forMs
      const others = grants.value.filter((grant) => grant.command !== command || grant.agentId !== agentId || grant.sessionKey !== sessionKey)
      grants.value = [...others, { command, agentId, agentName: ask.name, sessionKey, until }]
      if (forMs !== undefined) world.setTimer(() => { grants.value = grants.value.filter((grant) => grant.until === undefined || grant.until > world.now()) }, forMs + 50)
    },
    takeBack(grant) {
      grants.value = grants.value.filter((each) => each !== grant)
    },
    refuse(command, always) {
      const next = new Set(never.value)
      if (always) next.add(command)
      else next.delete(command)
      never.value = next
      world.storage?.setItem(storedAs, [...next].join(' '))
      if (!always) return
      grants.value = grants.value.filter((grant) => grant.command !== command)
      for (const ask of asks.value.filter((each) => each.command === command)) {
        drop(ask.id)
        send(ask, { ok: false, code: 'UNAUTHORIZED' })
      }
    },
    settle(ask, answer) {
      if (!asks.value.some(({ id }) => id === ask.id)) return
      drop(ask.id)
      send(ask, answer)
    },
  }
}
