import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FakeClock } from '@moltbot/contract/testing'
import { callTool, say } from '../fakes/model-servers/index.ts'
import { keptMemory } from '../support/kept-memory.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { connectClient, startTestGateway, type TestGateway } from '../support/test-gateway.ts'
import { exchange, requestText } from './raw-http.ts'

vi.setConfig({ testTimeout: 300_000 })

/** A clock that knows how many wait for it. */
class WatchedClock extends FakeClock {
  readonly waiting = new Set<object>()
  override after(delayMs: number, task: () => void): () => void {
    const timer = {}
    this.waiting.add(timer)
    const cancel = super.after(delayMs, () => { this.waiting.delete(timer); task() })
    return () => { this.waiting.delete(timer); cancel() }
  }
}

/** What may not grow from one part of a day to the next. */
interface Held { heapMb: number; descriptors: number; timers: number; files: number }

const filesIn = (folder: string): number => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length

describe.skipIf(process.platform !== 'linux')('DOS-12: a day in an hour', () => {
  // Descriptors are counted where Linux shows them.
  const hour = 3_600_000
  const clock = new WatchedClock(Date.now())
  let at: TestGateway
  let olga: Person
  let tmp: string
  let tmpBefore: string | undefined
  beforeAll(async () => {
    tmpBefore = process.env['TMPDIR']
    tmp = mkdtempSync(join(tmpdir(), 'moltbot-day-'))
    process.env['TMPDIR'] = tmp
    at = await startTestGateway({
      clock, config: { ...ownedBy1001, session: { reset: { mode: 'daily', atHour: 4 } } },
      script: (request) => (request.messages.at(-1)?.text.endsWith('read my notes') === true ? [callTool('read', { path: 'notes.md' })] : [say(`heard: ${'words '.repeat(50)}`)]),
    })
    olga = personAt(at, 1001)
  })
  afterAll(async () => {
    await at.close()
    if (tmpBefore === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = tmpBefore
    rmSync(tmp, { recursive: true, force: true })
  })

  /** Time goes on while somebody waits, as fast as it really does or a little faster. */
  async function inTime<T>(work: Promise<T>): Promise<T> {
    let done = false
    const settled = work.finally(() => { done = true })
    settled.catch(() => undefined)
    while (!done) {
      await clock.advance(25)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return settled
  }

  async function held(): Promise<Held> {
    await vi.waitFor(() => expect(process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length).toBeLessThan(40), { timeout: 60_000 })
    return { heapMb: (await keptMemory()) / 1_048_576, descriptors: readdirSync('/proc/self/fd').length, timers: clock.waiting.size, files: filesIn(at.stateDir) + filesIn(tmp) }
  }

  /** What comes in within two hours: people, a page that comes and goes, strangers, and a file that is read. */
  async function twoHours(number: number, also: () => void): Promise<void> {
    const port = at.gateway.port
    await inTime((async () => {
      const client = await connectClient(port, at.token)
      await client.ask(`please say ${number}`, `s${number % 3}`)
      await client.ask('please read my notes', 'main')
      client.close()
      await olga.chat(`hello ${number}`)
      await Promise.all(['GET /healthz', 'GET /login', 'GET /v1/models'].map((line) => exchange(port, requestText(port, line, { Connection: 'close' }))))
      await exchange(port, requestText(port, 'GET /healthz').slice(0, 20), { halfClose: true })
      await at.quiet()
    })())
    also()
    // What the servers beside it keep for tests is not its own.
    for (const kept of [at.model.requests, at.telegram.calls, at.telegram.sent] as unknown[][]) kept.length = 0
    await clock.advance(2 * hour - 60_000)
  }

  /** What is held at the end of parts of a day, each so many times two hours long. */
  async function day(parts: readonly number[], also: () => void = () => undefined): Promise<Held[]> {
    const all: Held[] = []
    let number = 0
    for (const times of parts) {
      for (let left = times; left > 0; left -= 1) await twoHours(number += 1, also)
      all.push(await held())
    }
    return all
  }

  /** What grew from the one to the other beyond what comes and goes. */
  function grown(before: Held, after: Held): string[] {
    const most: Held = { heapMb: 6, descriptors: 6, timers: 12, files: 3 }
    return (Object.keys(most) as (keyof Held)[]).flatMap((what) => (after[what] - before[what] > most[what] ? [`${what}: ${before[what].toFixed(1)} to ${after[what].toFixed(1)}`] : []))
  }

  it('DOS-12: memory, descriptors, timers and files are at its end what they were in its middle', async () => {
    // The first hours fill what is kept for good: compiled code, pages of the database, conversations in memory.
    const [, middle, end] = await day([2, 5, 5])
    expect(middle !== undefined && end !== undefined ? grown(middle, end) : 'no day').toEqual([])
  })

  it('DOS-12 twin: what keeps a little each time is caught in all four', async () => {
    const kept: unknown[] = []
    const open: number[] = []
    const leak = (): void => {
      kept.push(Array.from({ length: 90_000 }, (_, index) => `${index}`))
      for (let each = 0; each < 3; each += 1) open.push(openSync(join(at.stateDir, 'moltbot.json'), 'r'))
      for (let each = 0; each < 6; each += 1) clock.after(1_000 * hour, () => undefined)
      for (let each = 0; each < 2; each += 1) writeFileSync(join(tmp, `left-${kept.length}-${each}`), '')
    }
    try {
      const [before, after] = await day([1, 3], leak)
      expect(before !== undefined && after !== undefined ? grown(before, after).map((each) => each.split(':')[0]) : []).toEqual(['heapMb', 'descriptors', 'timers', 'files'])
    } finally {
      open.forEach((descriptor) => closeSync(descriptor))
    }
  })
})
