import { createParser } from 'eventsource-parser'
import type { ModelAnswer, ModelAnswerReader, ModelEvent, ModelFault, ModelHost, ModelRequest, Provider } from '@moltbot/contract'
import type { Assembly } from './assembly.ts'
import { deferred } from './deferred.ts'
import { StreamFault, faultOfAnswer, faultOfThrown, faultOfWords, truncated, unreadable, wordsOf } from './fault.ts'
import { object, parseJson } from './read-json.ts'
import type { JsonObject } from './read-json.ts'

export interface Finish { stop: 'end' | 'tool-use' | 'length' | 'refusal'; fault?: ModelFault }

/** One call as a wire format prepares it. */
export interface WireCall {
  url: string
  headers: Record<string, string>
  body: string
  /** Takes one event of the stream. Throws `StreamFault` to end the call. Returns true when nothing more is expected. */
  read(event: JsonObject): boolean
  /** How the answer ended; undefined: it did not, the stream was cut. */
  finish(): Finish | undefined
  /** Another body to try once at once after this fault; undefined: the fault stands. */
  instead?(fault: ModelFault): string | undefined
}

/** A single event of a stream never needs more; a server that sends more is broken or hostile. */
const eventLengthMax = 16 * 1024 * 1024
/** Bytes of a whole answer. The longest any model can give, with every piece in an envelope of its own, is a fraction of it. */
const answerLengthMax = 64 * 1024 * 1024
const errorBodyLengthMax = 64 * 1024
const errorBodyWaitMs = 2000
/** How long a server gets to close an answer that is complete, so that its connection serves the next call too. */
const closingWaitMs = 1000
const aborted = Symbol('aborted')

/**
 * Sends a call and yields its events: the part all wire formats share. Never throws; ends with exactly one `end`. `start`
 * comes when the server's headers have arrived, or directly before the `end` of a call that got none. An abort ends it at
 * once, whether or not the connection obeys.
 */
export async function* callServer(provider: Provider, host: ModelHost, request: ModelRequest, assembly: Assembly, wire: WireCall): AsyncGenerator<ModelEvent> {
  const control = new AbortController()
  const { promise: stopped, resolve: stop } = deferred<typeof aborted>()
  const onAbort = (): void => {
    control.abort()
    stop(aborted)
  }
  if (request.signal.aborted) onAbort()
  else request.signal.addEventListener('abort', onAbort, { once: true })

  const orStopped = <T>(work: Promise<T>): Promise<T | typeof aborted> => {
    work.catch(() => undefined) // A rejection after the abort has nobody left to tell.
    return Promise.race([work, stopped])
  }
  const fail = (fault: ModelFault): ModelEvent => ({ type: 'end', stop: 'error', message: assembly.message(false), usage: { ...assembly.usage }, fault })
  const abort = (): ModelEvent => ({
    type: 'end', stop: 'aborted', message: assembly.message(false), usage: { ...assembly.usage }, fault: { class: 'abort', message: 'The call was stopped.' },
  })

  let started = false
  let reader: ModelAnswerReader | undefined
  let read: 'part' | 'answer' | 'all' = 'part'
  try {
    let body = wire.body
    let response: ModelAnswer
    for (let attempt = 0; ; attempt++) {
      if (request.signal.aborted) {
        yield { type: 'start' }
        started = true
        yield abort()
        return
      }
      const answer = await orStopped(host.fetch(wire.url, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...wire.headers }, body, signal: control.signal }))
      if (answer === aborted) {
        yield { type: 'start' }
        started = true
        yield abort()
        return
      }
      const kind = answer.headers.get('content-type') ?? ''
      if (answer.ok && !/html|application\/json/i.test(kind)) {
        response = answer
        break
      }
      const text = await orStopped(errorBody(answer, host))
      if (text === aborted) {
        yield { type: 'start' }
        started = true
        yield abort()
        return
      }
      const fault = !answer.ok
        ? faultOfAnswer(provider.id, answer.status, answer.headers, text, host.clock.now())
        : object(parseJson(text))?.['error'] === undefined ? unreadable(provider.id, text) : faultOfWords(provider.id, wordsOf(text))
      const other = attempt === 0 ? wire.instead?.(fault) : undefined
      if (other === undefined) throw new StreamFault(fault)
      host.log.info('asking again in another form', { provider: provider.id, because: fault.message })
      body = other
    }

    yield { type: 'start' }
    started = true
    if (response.body === null) throw new StreamFault(truncated(provider.id))

    const arrived: string[] = []
    const parser = createParser({ onEvent: (event) => arrived.push(event.data), onError: () => undefined, maxBufferSize: eventLengthMax })
    const decoder = new TextDecoder()
    reader = response.body.getReader()
    let done = false
    let received = 0
    while (!done) {
      const chunk = await orStopped(reader.read())
      if (chunk === aborted) {
        yield abort()
        return
      }
      if (chunk.done) {
        parser.feed(decoder.decode())
        // A last event without its empty line: many servers close right behind it.
        parser.reset({ consume: true })
      } else {
        received += chunk.value.byteLength
        if (received > answerLengthMax) throw new StreamFault({ class: 'server_error', message: `${provider.id} sent an answer without end, and was not listened to any longer.` })
        parser.feed(decoder.decode(chunk.value, { stream: true }))
      }
      for (const data of arrived.splice(0)) {
        if (done) break
        const text = data.trim()
        if (text === '') continue
        if (text === '[DONE]') done = true
        else {
          const event = object(parseJson(text))
          if (event === undefined) throw new StreamFault(chunk.done ? truncated(provider.id) : unreadable(provider.id, text))
          done = wire.read(event)
        }
      }
      // What came in one piece is told in one.
      yield* assembly.take()
      if (chunk.done) {
        read = 'all'
        break
      }
      if (done) read = 'answer'
    }

    const finish = wire.finish()
    if (finish === undefined) throw new StreamFault(truncated(provider.id))
    if (assembly.hasNamelessCall) throw new StreamFault({ class: 'server_error', message: `${provider.id} asked for a tool without naming it.` })
    yield* assembly.take()
    const stopName = finish.stop === 'end' && assembly.calls > 0 ? 'tool-use' : finish.stop
    yield { type: 'end', stop: stopName, message: assembly.message(true), usage: { ...assembly.usage }, ...(finish.fault === undefined ? {} : { fault: finish.fault }) }
  } catch (error) {
    if (!started) yield { type: 'start' }
    yield* assembly.take()
    yield request.signal.aborted ? abort() : fail(faultOfThrown(provider.id, error))
  } finally {
    request.signal.removeEventListener('abort', onAbort)
    if (read === 'part' || reader === undefined) {
      control.abort()
      reader?.cancel().catch(() => undefined) // The connection is gone already; nothing is left to free.
    } else if (read === 'answer') void readToEnd(reader, control, host)
  }
}

/** Hanging up on an answer that is complete would cost the next call a new connection; a server that does not close it is hung up on. */
async function readToEnd(reader: ModelAnswerReader, control: AbortController, host: ModelHost): Promise<void> {
  const cancel = host.clock.after(closingWaitMs, () => control.abort())
  try {
    while (!(await reader.read()).done) { /* What comes after the end is nothing to us. */ }
  } catch {
    // Hung up on, by us or by the server: either way there is nothing more to read.
  } finally {
    cancel()
  }
}

/** The beginning of a failed answer's body, for as long as it comes promptly. */
async function errorBody(response: ModelAnswer, host: ModelHost): Promise<string> {
  if (response.body === null) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  const { promise: late, resolve } = deferred<undefined>()
  const cancel = host.clock.after(errorBodyWaitMs, () => resolve(undefined))
  try {
    while (text.length < errorBodyLengthMax) {
      const read = reader.read()
      read.catch(() => undefined) // The race below has the error, or no longer wants it.
      const chunk = await Promise.race([read, late])
      if (chunk === undefined || chunk.done) break
      text += decoder.decode(chunk.value, { stream: true })
    }
  } catch {
    // What arrived before the connection broke still says more than nothing.
  } finally {
    cancel()
    reader.cancel().catch(() => undefined) // Nothing more is read from it.
  }
  return text
}
