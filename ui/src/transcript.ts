import type { AgentEvent, ChatEvent, Message, Progress } from './wire.ts'
import { progressKey, textOf } from './wire.ts'
import type { OwnImage, Unsent } from './unsent.ts'

/** How far one of the person's own messages has come. */
export type Delivery =
  /** Not connected; goes out with the next connection. */
  | { kind: 'waiting' }
  | { kind: 'sending' }
  /** The gateway holds it durably: what its ledger says. */
  | Progress
  /** `next`: what to do about it. */
  | { kind: 'failed'; reason: string; next: string | undefined }

export type Segment =
  /** `from`: where this piece begins in the model message's text. */
  | { kind: 'text'; text: string; from: number }
  | { kind: 'thinking'; text: string }
  | { kind: 'tool'; callId: string; name: string; input: unknown }

/** What happened and is not (yet) in the history. Once settled it stays where it was, behind the message `anchor`. */
export type TailItem =
  /** `from`: who wrote it, when that was not the person here. */
  | { kind: 'own'; key: string; text: string; images: OwnImage[]; at: number; from?: string; anchor?: string }
  | {
      kind: 'run'
      runId: string
      /** The last message of the history when the run began: its lines come after it. */
      since: string
      segments: Segment[]
      /** The current model message's text so far, over all its pieces. */
      stepText: string
      state: 'running' | 'ended' | 'aborted' | 'failed'
      phase?: string
      model?: string
      /** Another model took over. */
      switched?: { from: string; to: string }
      error?: string
      errorKind?: string
      anchor?: string
    }
export type Run = Extract<TailItem, { kind: 'run' }>

/** `tookMs`: as long as this page saw it run. */
export interface ToolOutcome { text: string; isError: boolean; tookMs?: number }

/** Everything the page knows about one session's conversation. A value; each function below returns the next one. */
export interface Transcript {
  load: { kind: 'never' } | { kind: 'loading' } | { kind: 'ready' } | { kind: 'failed'; reason: string; next: string | undefined }
  messages: readonly Message[]
  hasMore: boolean
  tail: readonly TailItem[]
  /** By the message's `progressKey`. */
  deliveries: ReadonlyMap<string, Delivery>
  /** Results of tool calls whose line in the history has not come yet. */
  outcomes: ReadonlyMap<string, ToolOutcome>
  /** When calls that this page saw begin did so, epoch ms by the gateway's clock. */
  begun: ReadonlyMap<string, number>
}

export const emptyTranscript: Transcript = {
  load: { kind: 'never' },
  messages: [],
  hasMore: false,
  tail: [],
  deliveries: new Map(),
  outcomes: new Map(),
  begun: new Map(),
}

/** Behind this anchor nothing precedes the item. */
const start = ''

function lastId(transcript: Transcript): string {
  return transcript.messages[transcript.messages.length - 1]?.id ?? start
}

/** The messages in which a run's lines can be. */
function linesSince(messages: readonly Message[], run: Run): readonly Message[] {
  const index = messages.findLastIndex((message) => message.id === run.since)
  return index === -1 ? messages : messages.slice(index + 1)
}

/** Words alone, because the wire joins a message's pieces in more than one way. */
function bare(text: string): string {
  return text.replace(/\s+/g, '')
}

/** Drops from a run what the history already shows. */
function withoutKnown(run: Run, messages: readonly Message[]): Run {
  if (run.segments.length === 0) return run
  const recent = linesSince(messages, run)
  const calls = new Set(recent.flatMap((message) => message.blocks.flatMap((block) => (block.kind === 'tool-call' ? [block.id] : []))))
  const answers = recent.filter((message) => message.role === 'assistant')
  const texts = answers.map((message) => bare(textOf(message.blocks)))
  const thoughts = answers.flatMap((message) => message.blocks.flatMap((block) => (block.kind === 'thinking' ? [bare(block.text)] : [])))
  const segments = run.segments.filter((segment) => {
    switch (segment.kind) {
      case 'tool':
        return !calls.has(segment.callId)
      case 'text': {
        const text = bare(segment.text)
        return text === '' ? run.state === 'running' : !texts.some((known) => known.includes(text))
      }
      case 'thinking':
        return !thoughts.some((known) => known.includes(bare(segment.text))) && !(run.state !== 'running' && answers.length > 0)
    }
  })
  return segments.length === run.segments.length ? run : { ...run, segments }
}

/** Nothing left to show: every word of it is in the history. */
function isSpent(run: Run): boolean {
  return run.state !== 'running' && run.segments.length === 0 && run.error === undefined
}

function settleTail(transcript: Transcript): Transcript {
  const keys = new Set(transcript.messages.flatMap((message) => progressKey(message) ?? []))
  const ids = new Set(transcript.messages.map((message) => message.id))
  const end = lastId(transcript)
  const tail = transcript.tail.flatMap((item): TailItem[] => {
    if (item.kind === 'own') return keys.has(item.key) ? [] : [item]
    const rest = withoutKnown(item, transcript.messages)
    return isSpent(rest) ? [] : [rest]
  })
  const anchored = tail.map((item): TailItem => {
    const settled = item.kind === 'run' ? item.state !== 'running' : isSettled(transcript.deliveries.get(item.key))
    if (!settled) return item
    if (item.anchor === undefined) return { ...item, anchor: end }
    return item.anchor === start || ids.has(item.anchor) ? item : { ...item, anchor: start }
  })
  return { ...transcript, tail: anchored }
}

function isSettled(delivery: Delivery | undefined): boolean {
  return delivery !== undefined && !['waiting', 'sending', 'accepted', 'failed'].includes(delivery.kind)
}

/**
 * The history as the gateway tells it replaces ours. `activeRuns` undefined: the gateway did not say which runs go on.
 * A run we believed to be running and that is not among them ended while we were not listening. `waiting`: accepted, and in no line yet.
 */
export function withHistory(transcript: Transcript, messages: readonly Message[], activeRuns: readonly string[] | undefined, hasMore: boolean, waiting: readonly Message[] = []): Transcript {
  let tail = transcript.tail
  if (activeRuns !== undefined) {
    tail = tail.map((item) => (item.kind === 'run' && item.state === 'running' && !activeRuns.includes(item.runId) ? { ...item, state: 'ended' } : item))
    for (const runId of activeRuns) {
      if (!tail.some((item) => item.kind === 'run' && item.runId === runId)) tail = [...tail, newRun(runId, lastUserId(messages))]
    }
  }
  for (const message of waiting) {
    const key = progressKey(message)
    if (key === undefined || tail.some((item) => item.kind === 'own' && item.key === key)) continue
    tail = [...tail, { kind: 'own', key, text: textOf(message.blocks), images: [], at: message.at, ...(message.from === undefined ? {} : { from: message.from }) }]
  }
  const deliveries = withLedger(transcript.deliveries, [...messages, ...waiting])
  // What somebody paged back to stays, where the page that came begins within it.
  const at = transcript.messages.findIndex((message) => message.id === messages[0]?.id)
  const earlier = at > 0 ? transcript.messages.slice(0, at) : []
  return settleTail({ ...transcript, load: { kind: 'ready' }, messages: [...earlier, ...messages], hasMore: earlier.length > 0 ? transcript.hasMore : hasMore, tail, deliveries })
}

/** A page of older messages before those that are shown. */
export function withEarlier(transcript: Transcript, earlier: readonly Message[], hasMore: boolean): Transcript {
  const known = new Set(transcript.messages.map((message) => message.id))
  const fresh = earlier.filter((message) => !known.has(message.id))
  return settleTail({ ...transcript, messages: [...fresh, ...transcript.messages], hasMore: hasMore && fresh.length > 0, deliveries: withLedger(transcript.deliveries, fresh) })
}

/** The gateway's ledger knows better than we do, except why there is no answer: where that was seen to happen it stands below the message. */
function saysAsMuch(known: Delivery, progress: Progress): boolean {
  return known.kind === progress.kind && (known.kind === 'unanswered' || ('reason' in known ? known.reason : undefined) === progress.reason)
}

function withLedger(deliveries: ReadonlyMap<string, Delivery>, messages: readonly Message[]): ReadonlyMap<string, Delivery> {
  const next = new Map(deliveries)
  for (const message of messages) {
    const key = progressKey(message)
    const known = key === undefined ? undefined : deliveries.get(key)
    if (key !== undefined && message.progress !== undefined && (known === undefined || !saysAsMuch(known, message.progress))) next.set(key, message.progress)
  }
  return next
}

/** One more line of the history. A line known already is replaced. */
export function withMessage(transcript: Transcript, message: Message): Transcript {
  const index = transcript.messages.findIndex((known) => known.id === message.id)
  const messages = index === -1 ? [...transcript.messages, message] : transcript.messages.with(index, message)
  const key = message.role === 'user' ? progressKey(message) : undefined
  // A line that comes while somebody looks is of a message that was accepted just now.
  const deliveries = key === undefined || transcript.deliveries.has(key) ? transcript.deliveries : new Map(transcript.deliveries).set(key, message.progress ?? { kind: 'accepted' })
  return settleTail({ ...transcript, messages, deliveries })
}

/** The session was emptied: nothing of what was shown remains, except what still has to be sent. */
export function withReset(transcript: Transcript): Transcript {
  const tail = transcript.tail.filter((item) => item.kind === 'own' && !isSettled(transcript.deliveries.get(item.key)))
  return { ...emptyTranscript, load: transcript.load, deliveries: transcript.deliveries, tail }
}

/** The person wrote something: it shows at once. */
export function withOwn(transcript: Transcript, own: Unsent): Transcript {
  if (transcript.tail.some((item) => item.kind === 'own' && item.key === own.key)) return transcript
  if (transcript.messages.some((message) => message.key === own.key)) return transcript
  return { ...transcript, tail: [...transcript.tail, { kind: 'own', key: own.key, text: own.text, images: own.images, at: own.at }] }
}

export function withoutOwn(transcript: Transcript, key: string): Transcript {
  return { ...transcript, tail: transcript.tail.filter((item) => item.kind !== 'own' || item.key !== key) }
}

/** What the gateway's ledger says of a message. */
export function withProgress(transcript: Transcript, key: string, progress: Progress): Transcript {
  const known = transcript.deliveries.get(key)
  return known !== undefined && saysAsMuch(known, progress) ? transcript : withDelivery(transcript, key, progress)
}

export function withDelivery(transcript: Transcript, key: string, delivery: Delivery): Transcript {
  return settleTail({ ...transcript, deliveries: new Map(transcript.deliveries).set(key, delivery) })
}

function lastUserId(messages: readonly Message[]): string {
  return messages.findLast((message) => message.role === 'user')?.id ?? start
}

function newRun(runId: string, since: string): Run {
  return { kind: 'run', runId, since, segments: [], stepText: '', state: 'running' }
}

function changeRun(transcript: Transcript, runId: string, change: (run: Run) => Run, create: boolean): Transcript {
  const index = transcript.tail.findIndex((item) => item.kind === 'run' && item.runId === runId)
  const known = transcript.tail[index]
  if (known?.kind === 'run') return { ...transcript, tail: transcript.tail.with(index, change(known)) }
  if (!create) return transcript
  const run = change(newRun(runId, lastId(transcript)))
  // A run answers the own message of the same key: it belongs right behind it, before what was written later.
  const own = transcript.tail.findIndex((item) => item.kind === 'own' && item.key === runId)
  return { ...transcript, tail: own === -1 ? insertBeforeQueued(transcript.tail, run) : transcript.tail.toSpliced(own + 1, 0, run) }
}

/** Own messages nobody answers yet stay below a run they did not start. */
function insertBeforeQueued(tail: readonly TailItem[], run: Run): TailItem[] {
  let index = tail.length
  while (index > 0) {
    const before = tail[index - 1]
    if (before === undefined || before.kind !== 'own' || before.anchor !== undefined) break
    index -= 1
  }
  return tail.toSpliced(index, 0, run)
}

/** Text so far of the message a run is writing. */
export function stepTextOf(transcript: Transcript | undefined, runId: string): string {
  const run = transcript?.tail.find((item) => item.kind === 'run' && item.runId === runId)
  return run?.kind === 'run' ? run.stepText : ''
}

function withText(run: Run, cumulative: string): Run {
  const last = run.segments[run.segments.length - 1]
  if (last?.kind === 'text' && cumulative.length >= last.from) {
    return { ...run, stepText: cumulative, segments: run.segments.with(-1, { ...last, text: cumulative.slice(last.from) }) }
  }
  const from = run.stepText !== '' && cumulative.startsWith(run.stepText) ? run.stepText.length : 0
  const text = cumulative.slice(from)
  return text === '' ? { ...run, stepText: cumulative } : { ...run, stepText: cumulative, segments: [...run.segments, { kind: 'text', text, from }] }
}

/** Closes the run with the words it ended with; what the history shows already is not repeated. */
function ending(run: Run, text: string | undefined, end: Partial<Run>): Run {
  const { phase: _, ...rest } = run
  return { ...(text === undefined || text === '' ? rest : withText(rest, text)), ...end }
}

export function withChatEvent(transcript: Transcript, event: ChatEvent): Transcript {
  switch (event.state) {
    case 'status':
      return changeRun(transcript, event.runId, (run) => ({ ...run, phase: event.phase }), true)
    case 'delta':
      return changeRun(transcript, event.runId, (run) => withText({ ...run, state: 'running' }, event.text), true)
    case 'final': {
      const ended = changeRun(transcript, event.runId, (run) => ending(run, event.text, { state: 'ended', ...(event.model === undefined ? {} : { model: event.model }) }), event.text !== undefined)
      return withDelivery(ended, event.runId, { kind: 'answered' })
    }
    case 'aborted': {
      const ended = changeRun(transcript, event.runId, (run) => ending(run, event.text, { state: 'aborted' }), event.text !== undefined)
      return withDelivery(ended, event.runId, { kind: 'stopped' })
    }
    case 'error': {
      const ended = changeRun(
        transcript,
        event.runId,
        (run) => ending(run, undefined, { state: 'failed', error: event.message, ...(event.kind === undefined ? {} : { errorKind: event.kind }) }),
        true,
      )
      return withDelivery(ended, event.runId, { kind: 'unanswered' })
    }
  }
}

export function withAgentEvent(transcript: Transcript, event: AgentEvent): Transcript {
  switch (event.stream) {
    case 'start':
      return changeRun(transcript, event.runId, (run) => run, true)
    case 'end':
      return transcript
    case 'model':
      return changeRun(transcript, event.runId, (run) => ({ ...run, model: event.model }), true)
    case 'fallback':
      return changeRun(transcript, event.runId, (run) => ({ ...run, switched: { from: event.from, to: event.to } }), true)
    case 'compaction':
      return changeRun(transcript, event.runId, (run) => {
        const { phase: _, ...rest } = run
        return event.phase === 'start' ? { ...rest, phase: 'compacting' } : rest
      }, true)
    case 'thinking':
      return changeRun(transcript, event.runId, (run) => {
        const last = run.segments[run.segments.length - 1]
        const before = last?.kind === 'thinking' ? last.text : ''
        const text = event.text ?? before + (event.delta ?? '')
        if (text === '') return run
        return { ...run, segments: last?.kind === 'thinking' ? run.segments.with(-1, { kind: 'thinking', text }) : [...run.segments, { kind: 'thinking', text }] }
      }, true)
    case 'tool-start': {
      const timed = event.at === undefined ? transcript : { ...transcript, begun: new Map(transcript.begun).set(event.callId, event.at) }
      if (transcript.messages.some((message) => message.blocks.some((block) => block.kind === 'tool-call' && block.id === event.callId))) {
        return changeRun(timed, event.runId, (run) => ({ ...run, stepText: '' }), true)
      }
      return changeRun(timed, event.runId, (run) => ({
        ...run,
        stepText: '',
        segments: run.segments.some((segment) => segment.kind === 'tool' && segment.callId === event.callId)
          ? run.segments
          : [...run.segments, { kind: 'tool', callId: event.callId, name: event.name, input: event.input }],
      }), true)
    }
    case 'tool-result': {
      const begun = transcript.begun.get(event.callId)
      const took = begun === undefined || event.at === undefined || event.at < begun ? {} : { tookMs: event.at - begun }
      return { ...transcript, outcomes: new Map(transcript.outcomes).set(event.callId, { text: event.text, isError: event.isError, ...took }) }
    }
  }
}

/** The run that is going on, if any: it is what Stop stops. */
export function runningRun(transcript: Transcript): Run | undefined {
  return transcript.tail.find((item): item is Run => item.kind === 'run' && item.state === 'running')
}

export type Line = { kind: 'message'; message: Message } | TailItem

/** Everything in the order it is read: the history, with settled leftovers in their places, then what is going on. */
export function linesOf(transcript: Transcript): Line[] {
  return [...settledLines(transcript.messages, transcript.tail.filter(isPlaced)), ...transcript.tail.filter((item) => !isPlaced(item))]
}

/** Whether a leftover has its place in the history; the others are what goes on below it. */
export function isPlaced(item: TailItem): boolean {
  return item.anchor !== undefined
}

/** The history, with the leftovers that have a place in it. */
export function settledLines(messages: readonly Message[], placed: readonly TailItem[]): Line[] {
  const behind = new Map<string, TailItem[]>()
  for (const item of placed) behind.set(item.anchor ?? start, [...(behind.get(item.anchor ?? start) ?? []), item])
  return [
    ...(behind.get(start) ?? []),
    ...messages.flatMap((message): Line[] => [{ kind: 'message', message }, ...(behind.get(message.id) ?? [])]),
  ]
}

/** Results by call id, from the history and from what just happened. */
export function outcomesOf(transcript: Transcript): ReadonlyMap<string, ToolOutcome> {
  const outcomes = new Map(transcript.outcomes)
  for (const message of transcript.messages) {
    if (message.role === 'tool' && message.callId !== undefined) outcomes.set(message.callId, { ...outcomes.get(message.callId), text: textOf(message.blocks), isError: message.isError === true })
  }
  return outcomes
}
