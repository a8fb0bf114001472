import { unreachable } from '@moltbot/contract'
import type { Clock, FaultClass, Logger, ModelCall, ModelCallEvent, ModelEvent, ModelFault, ModelRequest } from '@moltbot/contract'
import type { Rest } from './cooldowns.ts'
import { watchSilence } from './watch.ts'

/** One candidate, ready to be asked. */
export interface Candidate {
  /** `provider/model`. */
  ref: string
  local: boolean
  rest: Rest | undefined
  /** A fault known before asking (no key, no such provider); undefined: ask. */
  unusable: ModelFault | undefined
  /** Fits the request to what the model can take. */
  fit(request: Omit<ModelRequest, 'signal' | 'model'>): Omit<ModelRequest, 'signal'>
  /** Starts the call. `onLife` is to be called at every sign of life of the connection. */
  stream(request: ModelRequest, onLife: () => void): AsyncIterable<ModelEvent>
  failed(fault: ModelFault): Promise<void>
  succeeded(): Promise<void>
}

export interface Patience { silenceMs: number; stallMs: number }

/** How a fault is treated: whether another try of the same model helps, and whether another model may be asked. */
function treatment(kind: FaultClass): 'again-then-next' | 'next' | 'stop' {
  switch (kind) {
    case 'rate_limit':
    case 'overloaded':
    case 'server_error':
    case 'network':
    case 'timeout': return 'again-then-next'
    case 'auth':
    case 'auth_permanent':
    case 'billing':
    case 'budget':
    case 'model_not_found': return 'next'
    case 'context_overflow':
    case 'format':
    case 'refusal':
    case 'abort': return 'stop'
    default: return unreachable(kind)
  }
}

/** A next model is asked at most this long after a definitive error, so a repetition must fit into it. */
const quickAgainMs = 2000
/** With nobody else to ask: tries and time, by what went wrong. */
const lastTries = { rate_limit: { tries: 10, withinMs: 120_000 }, timeout: { tries: 2, withinMs: 90_000 }, other: { tries: 8, withinMs: 90_000 } }
/** An answer that broke off after more characters than this is not begun anew: what goes on without an end would only do so again. */
const begunAnewMax = 200_000
const backoffFirstMs = 500
const backoffMaxMs = 30_000
/** How many times longer a server on this machine may take to begin (it may have to load the model first). */
const localPatience = 5

/**
 * Asks the candidates in order until one answers. Emits `model-start` for each that is asked and `failover` between them. An answer that broke
 * off after words is begun anew once by the same candidate (a further `model-start`), then by the next; not where those words cannot be taken
 * back, nor after very many of them. Never throws; exactly one `end`, last.
 */
export async function* askInOrder(
  call: ModelCall, candidates: readonly Candidate[], options: { patience: Patience; clock: Clock; log: Logger; jitter: () => number },
): AsyncGenerator<ModelCallEvent> {
  const { clock, log } = options
  const order = inOrder(candidates)
  const { candidates: _refs, strict: _strict, showsForGood, signal, ...request } = call
  let lastFault: ModelFault = { class: 'model_not_found', message: 'There is no model to ask.' }

  for (const [at, candidate] of order.entries()) {
    const next = order[at + 1]
    yield { type: 'model-start', model: candidate.ref }
    const beganAt = clock.now()
    let started = false
    let begunAnew = false
    for (let tries = 1; ; tries++) {
      const attempt = candidate.unusable === undefined ? askOnce(candidate, request, signal, next !== undefined, options) : refuse(candidate.ref, candidate.unusable)
      let shown = 0
      let end: Extract<ModelEvent, { type: 'end' }> | undefined
      for await (const event of attempt) {
        if (event.type === 'end') {
          end = event
          break
        }
        if (event.type === 'start') {
          if (started) continue
          started = true
        }
        if (event.type === 'text-delta') shown += event.text.length
        yield event
      }
      if (end === undefined) end = failedEnd(candidate.ref, { class: 'network', message: `${candidate.ref} stopped in the middle of its answer.` })
      if (!started) {
        started = true
        yield { type: 'start' }
      }
      if (end.stop === 'aborted' || signal.aborted) {
        yield end.stop === 'aborted' ? end : { ...end, stop: 'aborted', fault: { class: 'abort', message: 'The call was stopped.' } }
        return
      }
      if (end.stop !== 'error') {
        await settle(candidate.succeeded(), log)
        yield end
        return
      }
      const fault = end.fault ?? { class: 'server_error', message: `${candidate.ref} failed without saying why.` }
      lastFault = fault
      log.warn('a model call failed', { model: candidate.ref, class: fault.class, ...(fault.status === undefined ? {} : { status: fault.status }), message: fault.message, try: tries })
      const way = treatment(fault.class)
      if (way === 'stop' || (shown > 0 && (showsForGood === true || shown > begunAnewMax))) {
        if (way !== 'stop') await settle(candidate.failed(fault), log)
        yield { ...end, fault }
        return
      }
      const waitMs = way === 'again-then-next' && candidate.unusable === undefined && !(shown > 0 && begunAnew) ? againAfter(fault, tries, clock.now() - beganAt, next !== undefined, options.jitter) : undefined
      if (waitMs !== undefined) {
        if (shown > 0) {
          begunAnew = true
          yield { type: 'model-start', model: candidate.ref }
        }
        if (!(await sleep(clock, waitMs, signal))) {
          yield { ...end, stop: 'aborted', fault: { class: 'abort', message: 'The call was stopped.' } }
          return
        }
        continue
      }
      await settle(candidate.failed(fault), log)
      if (next === undefined) {
        yield { ...end, fault }
        return
      }
      // The same model with another credential is nothing a person has to know.
      if (next.ref === candidate.ref) log.info('another credential takes over', { model: candidate.ref, because: fault.class })
      else {
        log.info('another model takes over', { from: candidate.ref, to: next.ref, because: fault.class })
        yield { type: 'failover', from: candidate.ref, to: next.ref, fault }
      }
      break
    }
  }
  if (order.length === 0) {
    yield { type: 'start' }
    yield failedEnd('', lastFault)
  }
}

/** Those that rest are left out; when all rest, the one whose rest ends first is tried. */
function inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
  const awake = candidates.filter((candidate) => candidate.rest === undefined)
  if (awake.length > 0) return awake
  const soonest = [...candidates].sort((a, b) => (a.rest?.until ?? 0) - (b.rest?.until ?? 0))[0]
  return soonest === undefined ? [] : [soonest]
}

/** How long to wait before asking the same model again; undefined: don't. */
function againAfter(fault: ModelFault, tries: number, elapsedMs: number, hasNext: boolean, jitter: () => number): number | undefined {
  const backoff = Math.min(backoffMaxMs, backoffFirstMs * 2 ** (tries - 1))
  const waitMs = Math.round(Math.max(fault.retryAfterMs ?? 0, backoff * (0.75 + jitter() / 2)))
  if (hasNext) return fault.class !== 'timeout' && tries === 1 && waitMs <= quickAgainMs && !(fault.class === 'rate_limit' && fault.retryAfterMs === undefined) ? waitMs : undefined
  const limit = fault.class === 'rate_limit' ? lastTries.rate_limit : fault.class === 'timeout' ? lastTries.timeout : lastTries.other
  return tries < limit.tries && elapsedMs + waitMs <= limit.withinMs ? waitMs : undefined
}

/** One try. Ends with a `timeout` fault when the model falls silent, and leaves at once on an abort even when the stream ignores it. */
async function* askOnce(
  candidate: Candidate, request: Omit<ModelRequest, 'signal' | 'model'>, signal: AbortSignal, hasNext: boolean, options: { patience: Patience; clock: Clock },
): AsyncGenerator<ModelEvent> {
  const { silenceMs, stallMs } = options.patience
  const control = new AbortController()
  const beginMs = hasNext ? silenceMs : candidate.local ? Math.max(silenceMs, stallMs * localPatience) : Math.max(silenceMs, stallMs)
  const thinkMs = request.thinking === 'off' ? beginMs : Math.max(beginMs, stallMs)
  const watch = watchSilence(options.clock, beginMs)
  let life = 0
  let shown = ''
  let ended = false
  const { promise: stopped, stop } = onAbort(signal)
  const iterator = candidate.stream({ ...candidate.fit(request), signal: control.signal }, () => {
    // Thinking may be silent once the answer has begun.
    life++
    watch.heard(shown === '' ? thinkMs : stallMs)
  })[Symbol.asyncIterator]()
  try {
    for (;;) {
      const work = iterator.next()
      work.catch(() => undefined) // Formats never reject; one that does is reported by the race below, if it is still heard.
      const step = await Promise.race([work, watch.silent, stopped])
      if (step === 'aborted') {
        control.abort()
        // The stream's own ending holds what had arrived and what it cost; it gets a moment for it.
        const last = await Promise.race([endOf(iterator, work), pause(options.clock, 500)])
        yield last ?? { ...failedEnd(candidate.ref, { class: 'abort', message: 'The call was stopped.' }, shown), stop: 'aborted' }
        return
      }
      if (step === 'silent') {
        control.abort()
        const last = await Promise.race([endOf(iterator, work), pause(options.clock, 500)])
        const seconds = Math.round((shown !== '' ? stallMs : life > 0 ? thinkMs : beginMs) / 1000)
        const fault: ModelFault = { class: 'timeout', message: `${candidate.ref} said nothing for ${seconds} seconds.` }
        yield last === undefined ? failedEnd(candidate.ref, fault, shown) : { ...last, stop: 'error', fault }
        return
      }
      if (step.done === true) return
      if (step.value.type === 'text-delta') shown += step.value.text
      watch.heard(shown === '' ? thinkMs : stallMs)
      watch.pause()
      // Before it is handed on: whoever has the end may never come back for more.
      ended = step.value.type === 'end'
      yield step.value
      if (ended) return
      watch.resume()
    }
  } catch (error) {
    // A format that throws broke its promise; the person still gets an ending.
    yield failedEnd(candidate.ref, { class: 'server_error', message: `${candidate.ref} failed unexpectedly (${error instanceof Error ? error.name : 'unknown'}).` }, shown)
  } finally {
    watch.stop()
    stop()
    // An answer that came to its end leaves its connection whole, for the next call.
    if (!ended) control.abort()
    void iterator.return?.()?.catch(() => undefined) // It was told to stop; a stream that can't even do that has nothing left for us.
  }
}

async function endOf(iterator: AsyncIterator<ModelEvent>, pending: Promise<IteratorResult<ModelEvent>>): Promise<Extract<ModelEvent, { type: 'end' }> | undefined> {
  try {
    for (let step = await pending; step.done !== true; step = await iterator.next()) if (step.value.type === 'end') return step.value
  } catch {
    // Without an ending of its own it gets ours.
  }
  return undefined
}

async function* refuse(ref: string, fault: ModelFault): AsyncGenerator<ModelEvent> {
  yield { type: 'start' }
  yield failedEnd(ref, fault)
}

function failedEnd(ref: string, fault: ModelFault, text = ''): Extract<ModelEvent, { type: 'end' }> {
  return {
    type: 'end', stop: 'error', fault, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    message: { role: 'assistant', model: ref, content: text === '' ? [] : [{ type: 'text', text }] },
  }
}

function onAbort(signal: AbortSignal): { promise: Promise<'aborted'>; stop: () => void } {
  let listener = (): void => undefined
  const promise = new Promise<'aborted'>((resolve) => {
    listener = () => resolve('aborted')
  })
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
  return { promise, stop: () => signal.removeEventListener('abort', listener) }
}

function pause(clock: Clock, ms: number): Promise<undefined> {
  return new Promise((resolve) => clock.after(ms, () => resolve(undefined)))
}

/** False: the call was stopped meanwhile. */
function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const onStop = (): void => {
      cancel()
      resolve(false)
    }
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', onStop)
      resolve(true)
    })
    signal.addEventListener('abort', onStop, { once: true })
  })
}

/** A cooldown that could not be written must not cost the person the answer. */
async function settle(work: Promise<void>, log: Logger): Promise<void> {
  try {
    await work
  } catch (error) {
    log.error('a cooldown could not be written', { error: error instanceof Error ? error.message : String(error) })
  }
}
