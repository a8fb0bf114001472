/**
 * The stop storm: a model that calls tools without end, stopped at random moments by the ways people have. An action that begins
 * after the stop was acknowledged is a failure, and so is a command that still lives then.
 *
 *   npm run stop-storm -- [--stops 1000] [--seed 1]
 */
import { pathToFileURL } from 'node:url'
import Type from 'typebox'
import { defineTool, type SessionKey, type Tool } from '@moltbot/contract'
import { callTool, say } from '../fakes/model-servers/index.ts'
import { startTestGateway } from '../support/test-gateway.ts'

export interface StormResult {
  stops: number
  /** Actions that were begun in all. */
  begun: number
  /** Actions that were begun, or still went on, after the acknowledgement. */
  late: { way: string; session: string; what: 'begun' | 'still under way' }[]
  /** The slowest acknowledgement. */
  slowestMs: number
}

const ways = ['chat.abort', 'stop word', 'room'] as const

/** Mulberry32: the same seed gives the same storm, as far as the machine allows. */
function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface StormOptions {
  stops: number
  seed: number
  /** How the stopping is spoilt, to show that the storm sees it: resolves before anything has stopped. */
  acknowledgeEarly?: boolean
}

/** Stops `stops` turns at random moments. Resolves with what was seen; judges nothing. */
export async function stopStorm({ stops, seed, acknowledgeEarly = false }: StormOptions): Promise<StormResult> {
  const random = randomFrom(seed)
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  const actions: { session: string; beganAt: number; endedAt: number | undefined; order: number }[] = []
  let order = 0
  const act = defineTool({
    name: 'act', description: 'Acts.', needs: [], input: Type.Object({ session: Type.String(), count: Type.Integer() }),
    effects: () => [{ kind: 'reads-private', what: 'a storm' }], summarize: ({ count }) => `action ${count}`,
    async run({ session }, _grants, signal) {
      const action = { session, beganAt: performance.now(), endedAt: undefined as number | undefined, order: (order += 1) }
      actions.push(action)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, random() * 12)
        signal.addEventListener('abort', () => { clearTimeout(timer); resolve() }, { once: true })
      })
      action.endedAt = performance.now()
      return { content: [{ type: 'text', text: `done ${action.order}` }] }
    },
  })
  let count = 0
  const at = await startTestGateway({
    telegram: false, tools: [act as unknown as Tool], config: { logging: { level: 'warn' }, tools: { loopDetection: { callsMax: 10_000 } }, budgets: { gateway: { dailyUsd: 0, monthlyUsd: 0 } } },
    script: (request) => (request.lastUserText.startsWith('go ') ? [callTool('act', { session: request.lastUserText.slice(3), count: (count += 1) })] : [say('fine')]),
  })
  const late: StormResult['late'] = []
  let slowestMs = 0
  try {
    const client = await at.connect()
    for (let stop = 0; stop < stops; stop += 1) {
      const session = `agent:main:storm-${stop % 4}`
      const name = `${session}#${stop}`
      const way = ways[Math.floor(random() * ways.length)] ?? 'room'
      await client.request('chat.send', { sessionKey: session, message: `go ${name}`, idempotencyKey: `storm-${stop}` })
      await sleep(random() * 120)
      const askedAt = performance.now()
      const work = way === 'chat.abort' ? client.request('chat.abort', { sessionKey: session })
        : way === 'room' ? at.gateway.rooms.sessions.abort(session as SessionKey, { reason: 'stop' })
          : client.request('chat.send', { sessionKey: session, message: '/stop', idempotencyKey: `stop-${stop}` })
      if (acknowledgeEarly) void work
      else await work
      const acknowledgedAt = performance.now()
      const before = order
      slowestMs = Math.max(slowestMs, acknowledgedAt - askedAt)
      for (const action of actions) if (action.session === name && action.endedAt === undefined) late.push({ way, session: name, what: 'still under way' })
      await sleep(25)
      for (const action of actions) if (action.session === name && action.order > before) late.push({ way, session: name, what: 'begun' })
      client.events.length = 0
      if (acknowledgeEarly) await work
    }
  } finally {
    await at.close()
  }
  return { stops, begun: actions.length, late, slowestMs: Math.round(slowestMs) }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const argument = (name: string, fallback: number): number => {
    const at = process.argv.indexOf(`--${name}`)
    return at < 0 ? fallback : Number(process.argv[at + 1])
  }
  const seed = argument('seed', Date.now() % 1_000_000)
  const result = await stopStorm({ stops: argument('stops', 1_000), seed })
  process.stdout.write(`${JSON.stringify({ seed, ...result }, null, 2)}\n`)
  process.exit(result.late.length === 0 ? 0 : 1)
}
