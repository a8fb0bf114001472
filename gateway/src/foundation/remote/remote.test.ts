import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { ChatRef, Connection, OutgoingMessage } from '@moltbot/contract'
import { createTestHost, fastClock, type TestHost } from '@moltbot/contract/testing'
import { channelProcesses } from '../../../../test/support/own-process.ts'
import { wilful } from '../../../../test/support/wilful-channel.ts'

/** The watching clock of these processes runs fast: twenty seconds of silence are two. */
const processes = await channelProcesses('wilful', fastClock(10))
const channel = processes.wrap(wilful)
const open: Connection[] = []
const never = new AbortController().signal
const chat = { channel: 'wilful', account: 'default', chat: 'c', kind: 'direct' } as never as ChatRef
let lastKey = 0
const words = (markdown: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({ key: `k${++lastKey}` as never, markdown, ...more })
const pidOf = (id: string): string => id.slice(0, id.indexOf('/'))

async function connect(config: Record<string, unknown> = {}, host: TestHost = createTestHost({ secrets: { token: 'a-token' } })): Promise<{ host: TestHost; connection: Connection }> {
  const connection = await channel.connect({ process: 'own', processMemoryMb: 64, ...config } as never, host)
  open.push(connection)
  return { host, connection }
}
const failure = async (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined, (error: unknown) => error)

afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()))
})
afterAll(() => processes.close())

describe('a channel in a process of its own', () => {
  it('is another process, the same for every account of the channel; without the setting it is here', async () => {
    const one = await connect()
    const two = await connect()
    const here = await connect({ process: 'gateway' })
    const pids = await Promise.all([one, two, here].map(async ({ connection }) => pidOf(await connection.send(chat, words('hi'), never))))
    expect(pids[0]).toBe(pids[1])
    expect(pids[0]).not.toBe(String(process.pid))
    expect(pids[2]).toBe(String(process.pid))
    expect(one.connection.limits).toEqual(here.connection.limits)
    expect(Object.keys(one.connection).toSorted()).toEqual(Object.keys(here.connection).toSorted())
  })

  it('carries files, failures with all that is certain about them, and calls that are called off', async () => {
    const { connection } = await connect()
    const bytes = Buffer.alloc(300_000, 5)
    expect(await connection.send(chat, words('', { file: { kind: 'document', fileName: 'a.pdf', mimeType: 'application/pdf', sizeBytes: bytes.length, bytes: async () => bytes } }), never)).toMatch(/\/a\.pdf\/300000$/)
    expect(await failure(connection.send(chat, words('reject'), never))).toMatchObject({ name: 'SendProblem', outcome: 'not-sent', retryAfterMs: 1_234, message: 'Slow down.' })
    const controller = new AbortController()
    const waiting = failure(connection.send(chat, words('wait'), controller.signal))
    controller.abort()
    expect(await waiting).toMatchObject({ name: 'SendProblem', outcome: 'not-sent', message: 'called off' })
    await connection.typing?.(chat)
    expect(await failure(connect({ refuse: true }))).toMatchObject({ name: 'SendProblem', outcome: 'never' })
  })

  it('reaches its own secrets and nobody else’s, and has nothing of our environment that is not a way somewhere', async () => {
    const { connection } = await connect()
    expect(await connection.send(chat, words('pry'), never)).toBe('this is no secret of the channel,this is no secret of the channel,a-token')
    const names = (await connection.send(chat, words('environment'), never)).split(' ').filter((name) => !['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE'].includes(name))
    expect(names).toEqual(['HOME', 'PATH', 'TMPDIR'])
  })

  it('makes no program of words, whoever asks', async () => {
    const { connection } = await connect()
    expect(await connection.send(chat, words('evaluate'), never)).toBe('EvalError EvalError EvalError EvalError')
    // Where it runs in the gateway the same works: what is refused above is refused by its process.
    const here = await connect({ process: 'gateway' })
    expect(await here.connection.send(chat, words('evaluate'), never)).toBe('made made made made')
  })

  it('is started again when it dies: what was under way is uncertain, what comes meanwhile was not sent, and then it goes on with what it had kept', async () => {
    const { host, connection } = await connect()
    const before = pidOf(await connection.send(chat, words('hi'), never))
    expect(await failure(connection.send(chat, words('die'), never))).toMatchObject({ outcome: 'unknown' })
    await host.until(() => host.reports.at(-1)?.kind === 'retrying', 'the report')
    expect(host.reports.at(-1)).toMatchObject({ attempt: 1, reason: expect.stringContaining('code 7') as string })
    expect(await failure(connection.send(chat, words('meanwhile'), never))).toMatchObject({ outcome: 'not-sent' })
    await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the return')
    expect(host.reports.at(-1)).toMatchObject({ detail: 'start 2' })
    expect(pidOf(await connection.send(chat, words('again'), never))).not.toBe(before)
  })

  it('that spins for ever takes nobody along: the others answer, and it is ended and started again', async () => {
    const { host, connection } = await connect()
    const other = createTestHost()
    const here = await connect({ process: 'gateway' }, other)
    const stuck = failure(connection.send(chat, words('spin'), never))
    let answers = 0
    while (host.reports.at(-1)?.kind !== 'retrying') {
      await here.connection.send(chat, words('still here'), never)
      answers += 1
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(answers).toBeGreaterThan(10)
    expect(await stuck).toMatchObject({ outcome: 'unknown' })
    expect(host.reports.at(-1)).toMatchObject({ reason: expect.stringContaining('did not answer') as string })
    await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the return')
    await connection.send(chat, words('hi'), never)
    expect(other.reports.map((report) => report.kind)).toEqual(['connected'])
  })

  it('that fills its memory is ended and started again', async () => {
    const { host, connection } = await connect()
    const hoarding = failure(connection.send(chat, words('hoard'), never))
    await host.until(() => host.reports.at(-1)?.kind === 'retrying', 'the report')
    expect(host.reports.at(-1)).toMatchObject({ reason: expect.stringContaining('more than 214 MB') as string })
    await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the return')
    // It may have been done with it before it was ended.
    expect([undefined, 'unknown']).toContain((await hoarding as { outcome?: string } | undefined)?.outcome)
  })

  it('that hangs is closed in time all the same, once and for all', async () => {
    const { host, connection } = await connect()
    const stuck = failure(connection.send(chat, words('spin'), never))
    await connection.close()
    expect(await stuck).toMatchObject({ outcome: 'unknown' })
    expect(host.reports.at(-1)).toEqual({ kind: 'closed' })
    expect(await failure(connection.send(chat, words('late'), never))).toMatchObject({ outcome: 'not-sent' })
    await connection.close()
  })
})
