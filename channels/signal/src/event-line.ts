import { ConnectProblem, linePause, type ChannelHost, type HealthKeeper } from '@moltbot/contract'
import { describeFailure, linkAction, readFailure, startAction } from './failures.ts'
import type { Received } from './hand-over.ts'
import { ForeignAnswer, type SignalDaemon } from './rpc.ts'

/** From the first packet to a stream that stands. */
const openPatienceMs = 30_000
/** The daemon gives a sign every 15 s; a stream without one for this long is dead, whatever the socket says. */
const silenceMaxMs = 60_000
/** Signal itself is asked this often whether the account is still linked. */
const lookEveryMs = 10 * 60_000
const pauses = { firstMs: 1_000, maxMs: 30_000 }
const steadyAfterMs = 30_000
/** More than this is no message of Signal's: it is read over to its end, and nothing is kept of it. */
const eventCharactersMax = 4 * 1024 * 1024
/** What the daemon wrote before we went is read to its end. */
const drainMs = 50
const goodbyeMs = 500

export interface EventLine {
  /** Resolves when the stream stands for the first time; rejects with a `ConnectProblem` when it certainly won't. */
  up: Promise<void>
  close(): Promise<void>
}

export interface EventLineOptions {
  host: ChannelHost
  daemon: SignalDaemon
  health: HealthKeeper
  /** Makes the daemon answer (starts it where that is ours to do) and the account known. Rejects as a call does. */
  prepare(signal: AbortSignal): Promise<void>
  onReceived(received: Received): Promise<void>
}

/** The stream of what arrives, over as many connections as it takes. */
export function openEventLine({ host, daemon, health, prepare, onReceived }: EventLineOptions): EventLine {
  let current: AbortController | undefined
  let closed = false
  let attempt = 0
  let upSince: number | undefined
  let settled = false
  let reading: Promise<void> = Promise.resolve()
  let settle: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} }
  const up = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  let cancelTimer = (): void => {}
  let cancelLook = (): void => {}
  const after = (delayMs: number, task: () => void): void => {
    cancelTimer()
    cancelTimer = host.clock.after(delayMs, task)
  }

  function drop(): void {
    cancelLook()
    current?.abort()
    current = undefined
  }

  function lose(reason: string): void {
    if (closed) return
    drop()
    if (upSince !== undefined && host.clock.now() - upSince >= steadyAfterMs) attempt = 0
    upSince = undefined
    attempt += 1
    const delay = linePause(attempt, host.clock.now(), pauses)
    host.log.info('signal: the line is lost', { reason, attempt, delayMs: delay })
    health.retrying(reason, attempt, host.clock.now() + delay)
    after(delay, open)
  }

  function giveUp(reason: string, action: string, cause?: unknown): void {
    drop()
    cancelTimer()
    health.needsYou(reason, action)
    if (settled) return
    settled = true
    settle.reject(new ConnectProblem(reason, { permanent: true, next: action, cause }))
  }

  function failed(error: unknown): void {
    if (error instanceof ConnectProblem && error.permanent) return giveUp(error.message, error.next, error)
    const failure = readFailure(error)
    if (failure.kind === 'unlinked') return giveUp(describeFailure(failure), linkAction, error)
    lose(error instanceof ConnectProblem ? error.message : describeFailure(failure))
  }

  function alive(): void {
    health.alive()
    after(silenceMaxMs, () => lose('signal-cli has not given a sign for 60 s.'))
  }

  function open(): void {
    if (closed) return
    const mine = new AbortController()
    current = mine
    after(openPatienceMs, () => lose('signal-cli does not answer.'))
    reading = listen(mine).catch((error: unknown) => {
      if (current === mine && !closed) failed(error)
    })
  }

  async function listen(mine: AbortController): Promise<void> {
    await prepare(mine.signal)
    if (current !== mine) return
    // A daemon that was just started took its time; from here it is as quick as any.
    after(openPatienceMs, () => lose('signal-cli does not answer.'))
    const response = await daemon.events(mine.signal)
    if (current !== mine) return
    if (!response.ok || response.body === null || !/^text\/event-stream/i.test(response.headers.get('content-type') ?? '')) throw new ForeignAnswer()
    upSince = host.clock.now()
    health.works()
    alive()
    cancelLook = host.clock.after(lookEveryMs, () => look(mine))
    if (!settled) {
      settled = true
      settle.resolve()
    }
    await readEvents(chunksUntil(mine.signal, response.body), async (data) => {
      let received: Received
      try {
        received = JSON.parse(data) as Received
      } catch {
        return host.log.warn('signal: an event that is no JSON was skipped')
      }
      if (daemon.account !== undefined && received?.account !== undefined && received.account !== daemon.account) return
      await onReceived(received)
    }, () => {
      if (current === mine && !closed) alive()
    })
    if (current === mine) lose('signal-cli closed the stream.')
  }

  function look(mine: AbortController): void {
    prepare(mine.signal).then(
      () => {
        if (current === mine) cancelLook = host.clock.after(lookEveryMs, () => look(mine))
      },
      (error: unknown) => {
        if (current === mine && !closed) failed(error)
      },
    )
  }

  open()
  return {
    up,
    async close() {
      closed = true
      cancelTimer()
      cancelLook()
      if (!settled) {
        settled = true
        settle.reject(new ConnectProblem('signal-cli could not be reached.', { permanent: false, next: startAction }))
      }
      up.catch(() => undefined)
      if (upSince !== undefined) await new Promise<void>((resolve) => host.clock.after(drainMs, resolve))
      const stood = upSince !== undefined
      drop()
      await reading
      if (!stood) return
      // Once it answers again, it has seen that we are gone, and leaves what comes now with Signal.
      const patience = new AbortController()
      const cancel = host.clock.after(goodbyeMs, () => patience.abort())
      await daemon.answers(patience.signal)
      cancel()
    },
  }
}

/** The chunks of a body until the signal: what was aborted does not always let go of a body that is being read. */
async function* chunksUntil(signal: AbortSignal, body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  // It may be broken already.
  const letGo = (): void => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', letGo, { once: true })
  try {
    while (!signal.aborted) {
      const next = await reader.read()
      if (next.done) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', letGo)
    letGo()
  }
}

/** Server-sent events, as far as the daemon uses them: `data` lines up to an empty one; a colon in front is only a sign of life. */
export async function readEvents(body: AsyncIterable<Uint8Array>, onData: (data: string) => Promise<void>, onSign: () => void): Promise<void> {
  const decoder = new TextDecoder()
  let line = ''
  let lineSize = 0
  let size = 0
  let data: string[] = []
  for await (const chunk of body) {
    onSign()
    let text = decoder.decode(chunk, { stream: true })
    for (;;) {
      const end = text.indexOf('\n')
      const part = end < 0 ? text : text.slice(0, end)
      lineSize += part.length
      size += part.length
      line = size > eventCharactersMax ? '' : line + part
      if (end < 0) break
      text = text.slice(end + 1)
      if (lineSize === 0 || line === '\r') {
        if (data.length > 0 && size <= eventCharactersMax) await onData(data.join('\n'))
        data = []
        size = 0
      } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5).replace(/\r$/, ''))
      line = ''
      lineSize = 0
    }
  }
}
