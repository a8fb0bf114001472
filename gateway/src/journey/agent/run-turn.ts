import type {
  AgentEvent, AgentHost, ModelFault, Steering, ToolCallPart, ToolResultMessage, TurnOutcome, TurnView,
} from '@moltbot/contract'
import { describeError, noUsage, silentToken, summaryMessage } from '@moltbot/contract'
import type { CompactionSettings } from './compaction.ts'
import { compact, defaultCompaction, needsCompaction, planCompaction } from './compaction.ts'
import { estimateTokens } from './estimate-tokens.ts'
import { keepNotes } from './keep-notes.ts'
import { askModel } from './model-call.ts'
import { callsOf, ownResult, textOf, Transcript } from './transcript.ts'
import { abortedFirst, untilAborted } from './until-aborted.ts'

/** What the model reads in place of a result that does not exist. */
export const noResult = {
  skipped: 'skipped: new message arrived',
  unknown: 'outcome unknown: the gateway stopped while this ran; do not repeat it blindly',
  stopped: 'stopped while this ran: the outcome is unknown; do not repeat it blindly',
  notStarted: 'not run: the turn was stopped before it started',
  cutOff: 'not run: the call was cut off by the output limit; make it again, shorter',
} as const

const nudges = {
  empty: `Your last reply was empty. Reply now in words, or with exactly ${silentToken} if there is truly nothing to say.`,
  goOn: 'Your reply was cut off by the output limit. Go on exactly where it stopped, without repeating anything.',
} as const

/** When a turn counts as going round in circles. */
export interface LoopLimits {
  /** False: only `callsMax` counts. */
  enabled: boolean
  /** The same call with the same result this often: the next one is refused in words, and the one after it ends the turn. */
  sameResultMax: number
  /** Tool calls of one turn; the next one ends it. */
  callsMax: number
}
const defaultLoopLimits: LoopLimits = { enabled: true, sameResultMax: 3, callsMax: 200 }
/** A turn summarises at most this often by itself. */
const compactionsMax = 3

/**
 * The agent's work on one turn, as events: `turn-start` first, exactly one `turn-end` last, never a throw. After each
 * `assistant-end` every call in it gets exactly one `tool-end`, in call order, before the next model call; a `tool-end` without
 * a `tool-start` is a call that did not run (skipped, cut off, or started before a crash). `answered.text` is the answer after
 * the last tool call. Leaving the iteration early is allowed and starts nothing more.
 */
export async function* runTurn(turn: TurnView, host: AgentHost, settings: CompactionSettings = defaultCompaction, loops: LoopLimits = defaultLoopLimits): AsyncGenerator<AgentEvent, void, undefined> {
  yield { type: 'turn-start' }
  const safe = guarded(host)
  const run: Run = { turn, host: safe, settings, loops, calls: 0, refused: new Map(), transcript: new Transcript(turn.messages), steps: 0, compactions: 0, overflowed: false, notesKept: turn.notesKept === true, said: '', carried: '', nudged: false, continued: false, seen: new Map() }
  let outcome: TurnOutcome
  try {
    outcome = yield* work(run)
  } catch (error) {
    outcome = { kind: 'failed', fault: { class: 'server_error', message: `The turn broke off: ${describeError(error)}` }, text: run.said }
  }
  yield { type: 'turn-end', outcome }
}

interface Run {
  turn: TurnView
  host: AgentHost
  settings: CompactionSettings
  transcript: Transcript
  steps: number
  compactions: number
  overflowed: boolean
  /** What should last was written down since the last summary. */
  notesKept: boolean
  /** The last words of this turn, whatever became of it. */
  said: string
  /** Words of an answer that was cut by the output limit and is being continued. */
  carried: string
  nudged: boolean
  continued: boolean
  loops: LoopLimits
  /** Tool calls so far. */
  calls: number
  /** How often each call gave each result. */
  seen: Map<string, number>
  /** Calls that are not run any more, each with how often it was asked for since. */
  refused: Map<string, number>
}

async function* work(run: Run): AsyncGenerator<AgentEvent, TurnOutcome> {
  const { turn, host, transcript } = run
  if (turn.models.length === 0) return failed(run, { class: 'model_not_found', message: 'No model is set up.' })

  const resumed = yield* settleOpenCalls(run)
  if (resumed !== undefined) return resumed
  const last = transcript.last()
  // The answer was complete before the crash; only the end of the turn was not written down.
  if (last?.role === 'assistant') return conclude(run, textOf(last))

  for (;;) {
    if (host.signal.aborted) return aborted(run)
    if (run.steps >= turn.stepsMax) return limit(run, `I stopped after ${turn.stepsMax} steps without finishing. Say "go on" and I continue.`)
    for (const steering of host.takeSteering()) yield* steer(run, steering)
    yield* noteDown(run)
    if (host.signal.aborted) return aborted(run)
    if (run.compactions < compactionsMax && needsCompaction(turn, host, transcript.prompt(), run.settings)) {
      const done = yield* shorten(run, 'threshold')
      // Without room to gain there is no point in asking again this turn; the provider has the last word on overflow.
      if (!done) run.compactions = compactionsMax
      if (host.signal.aborted) return aborted(run)
    }

    run.steps += 1
    const reply = yield* askModel(
      {
        candidates: turn.models,
        strict: turn.strict,
        system: turn.system,
        tools: host.tools,
        messages: transcript.prompt(),
        thinking: turn.thinking,
        maxOutputTokens: turn.maxOutputTokens,
        cache: 'short',
        signal: host.signal,
        sessionHint: turn.sessionId,
      },
      host,
    )
    const text = textOf(reply.message)
    const calls = callsOf(reply.message)

    if (reply.fault?.class === 'context_overflow' && !run.overflowed) {
      run.overflowed = true
      if (reply.usage.input + reply.usage.output > 0) yield* told(run, reply)
      if (yield* shorten(run, 'overflow')) continue
      return host.signal.aborted ? aborted(run) : failed(run, reply.fault)
    }
    if (reply.stop === 'aborted' || reply.fault !== undefined) {
      if (text !== '' || reply.usage !== noUsage) yield* told(run, reply)
      if (text !== '') run.said = run.carried + text
      if (reply.fault === undefined || host.signal.aborted) return aborted(run)
      return failed(run, reply.fault)
    }

    yield* told(run, reply)
    if (text.trim() !== '') run.said = run.carried + text

    if (reply.stop === 'length') {
      for (const call of calls) yield* result(run, ownResult(call, noResult.cutOff))
      if (!run.continued && run.steps < turn.stepsMax) {
        run.continued = true
        if (calls.length === 0) {
          run.carried += text
          transcript.nudge(nudges.goOn)
        }
        continue
      }
      const whole = run.carried + text
      return whole.trim() === '' ? failed(run, { class: 'format', message: 'The model used up its output limit before it answered.' }) : { kind: 'answered', text: whole }
    }

    if (calls.length > 0) {
      run.carried = ''
      const end = yield* runCalls(run, calls)
      if (end !== undefined) return end
      continue
    }

    if ((run.carried + text).trim() === '') {
      if (run.nudged) return failed(run, { class: 'format', message: 'The model answered with nothing, twice.' })
      run.nudged = true
      transcript.nudge(nudges.empty)
      continue
    }
    return conclude(run, run.carried + text)
  }
}

/** Emits and records one model message. */
async function* told(run: Run, reply: { message: import('@moltbot/contract').AssistantMessage; usage: import('@moltbot/contract').Usage; stop: string }): AsyncGenerator<AgentEvent, void> {
  run.transcript.record(reply.message)
  yield { type: 'assistant-end', message: reply.message, usage: reply.usage, stop: reply.stop, model: reply.message.model }
}

async function* result(run: Run, message: ToolResultMessage): AsyncGenerator<AgentEvent, void> {
  run.transcript.record(message)
  yield { type: 'tool-end', result: message }
}

async function* steer(run: Run, steering: Steering): AsyncGenerator<AgentEvent, void> {
  run.transcript.record(steering.message)
  run.seen.clear()
  run.refused.clear()
  yield { type: 'steered', message: steering.message, inbox: steering.inbox, ...(steering.from === undefined ? {} : { from: steering.from }), ...(steering.envelopeParts === undefined ? {} : { envelopeParts: steering.envelopeParts }) }
}

/** After a crash: calls that had started get an honest result, calls that had not are run now. */
async function* settleOpenCalls(run: Run): AsyncGenerator<AgentEvent, TurnOutcome | undefined> {
  const open = run.transcript.openCalls()
  if (open.length === 0) return undefined
  const started = new Set(run.turn.unfinished.map((call) => call.callId))
  for (const call of open) if (started.has(call.id)) yield* result(run, ownResult(call, noResult.unknown))
  const fresh = open.filter((call) => !started.has(call.id))
  return fresh.length === 0 ? undefined : yield* runCalls(run, fresh)
}

/** Runs one message's calls: neighbours that may run side by side together, all others alone and in order. */
async function* runCalls(run: Run, calls: readonly ToolCallPart[]): AsyncGenerator<AgentEvent, TurnOutcome | undefined> {
  const { host } = run
  const steered: Steering[] = []
  const take = () => {
    // With no step left nobody would read the words: they are left for the next turn.
    if (run.steps < run.turn.stepsMax && !host.signal.aborted) steered.push(...host.takeSteering())
  }
  let looping: string | undefined
  for (let at = 0; at < calls.length; ) {
    take()
    const group = groupAt(calls, at, host)
    at += group.length
    if (looping === undefined && run.calls + group.length > run.loops.callsMax) looping = `I stopped: this took more than ${run.loops.callsMax} tool calls. Say "go on" and I continue.`
    if (isLeaving(run)) return aborted(run)
    if (host.signal.aborted || steered.length > 0 || looping !== undefined) {
      const words = host.signal.aborted ? noResult.notStarted : steered.length > 0 ? noResult.skipped : noResult.notStarted
      for (const call of group) yield* result(run, ownResult(call, words))
      continue
    }
    for (const call of group) yield { type: 'tool-start', callId: call.id, name: call.name, input: call.input }
    // A consumer may have stopped the turn while it held the last event.
    run.calls += group.length
    const pending = group.map((call) => (host.signal.aborted ? undefined : (refuseSame(run, call) ?? host.runTool(call, host.signal))))
    for (const work of pending) work?.catch(() => 'read below, unless the turn is stopped first')
    for (const [index, call] of group.entries()) {
      const work = pending[index]
      const ended = work === undefined ? undefined : await settled(call, work, host.signal)
      if (ended === undefined && isLeaving(run)) return aborted(run)
      const message = ended ?? ownResult(call, work === undefined ? noResult.notStarted : noResult.stopped)
      yield* result(run, message)
      countSame(run, call, message)
      if ((run.refused.get(callKey(call)) ?? 0) >= 2) looping = `I stopped: "${call.name}" was called again and again in the same way, although it gave the same result each time.`
    }
  }
  take()
  for (const words of steered) yield* steer(run, words)
  if (host.signal.aborted) return aborted(run)
  if (looping !== undefined && steered.length === 0) return limit(run, looping)
  return undefined
}

function groupAt(calls: readonly ToolCallPart[], at: number, host: AgentHost): ToolCallPart[] {
  const first = calls[at]
  if (first === undefined) return []
  const group = [first]
  if (!host.parallel(first)) return group
  for (let next = calls[at + 1]; next !== undefined && host.parallel(next); next = calls[at + group.length]) group.push(next)
  return group
}

/** The gateway stops: a call without a result is left open, and the next start knows from the journal whether it had begun, or asks again for what waited for a person. */
function isLeaving({ host: { signal } }: Run): boolean {
  return signal.aborted && abortReason(signal) === 'shutdown'
}

/** Undefined: the turn was stopped first. */
async function settled(call: ToolCallPart, work: Promise<ToolResultMessage>, signal: AbortSignal): Promise<ToolResultMessage | undefined> {
  try {
    const message = await untilAborted(work, signal)
    if (message === abortedFirst) return undefined
    return { ...message, role: 'tool', callId: call.id, name: call.name }
  } catch (error) {
    return ownResult(call, `failed: ${describeError(error)}`)
  }
}

/** The answer to a call that gave the same result too often; undefined: it is run. */
function refuseSame(run: Run, call: ToolCallPart): Promise<ToolResultMessage> | undefined {
  const key = callKey(call)
  const times = run.refused.get(key)
  if (times === undefined) return undefined
  run.refused.set(key, times + 1)
  return Promise.resolve(ownResult(call, `Refused: this exact call gave the same result ${run.loops.sameResultMax} times and is not run again in this turn. Do something else, or say what is missing; asking once more ends the turn.`))
}

function countSame(run: Run, call: ToolCallPart, message: ToolResultMessage): void {
  if (!run.loops.enabled || run.refused.has(callKey(call))) return
  const key = JSON.stringify([callKey(call), message.isError, message.content])
  const times = (run.seen.get(key) ?? 0) + 1
  run.seen.set(key, times)
  if (times >= run.loops.sameResultMax) run.refused.set(callKey(call), 0)
}

function callKey(call: ToolCallPart): string {
  return JSON.stringify([call.name, sorted(call.input)])
}

/** Key order is no difference between two calls. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
}

/** Once between two summaries, shortly before one is due. */
async function* noteDown(run: Run): AsyncGenerator<AgentEvent, void> {
  const { notes } = run.settings
  if (notes === undefined || run.notesKept || !needsCompaction(run.turn, run.host, run.transcript.prompt(), run.settings, notes.softThresholdTokens)) return
  run.notesKept = true
  yield* keepNotes(run.turn, run.host, run.transcript.prompt(), notes)
}

/** Summarises what is older. True: the prompt is shorter now. */
async function* shorten(run: Run, reason: 'overflow' | 'threshold'): AsyncGenerator<AgentEvent, boolean> {
  run.compactions += 1
  const view: TurnView = { ...run.turn, messages: run.transcript.prompt() }
  const plan = planCompaction(view.messages, { ...run.settings, contextWindow: view.contextWindow, estimate: run.host.estimateTokens })
  // Nobody asked, nothing failed: then there is nothing to tell either.
  if (reason === 'threshold' && plan.kind === 'nothing') return false
  const summarising = compact(view, run.host, undefined, { reason, settings: run.settings })
  for (;;) {
    const step = await summarising.next()
    if (step.done === true) return step.value !== undefined
    if (step.value.type !== 'compaction-end' || step.value.summary === undefined) {
      yield step.value
      continue
    }
    // `kept` is counted in recorded messages, since those are what the reader of this event has.
    const kept = run.transcript.compact(summaryMessage(step.value.summary), step.value.kept ?? 0)
    run.seen.clear()
    run.refused.clear()
    run.notesKept = false
    yield { ...step.value, kept }
  }
}

function conclude(run: Run, text: string): TurnOutcome {
  run.said = text
  return text.trim() === silentToken ? { kind: 'silent' } : { kind: 'answered', text }
}

function aborted(run: Run): TurnOutcome {
  return { kind: 'aborted', reason: abortReason(run.host.signal), text: shown(run) }
}

function failed(run: Run, fault: ModelFault): TurnOutcome {
  return { kind: 'failed', fault, text: shown(run) }
}

/** Ended by a limit of ours: what was said, and why it is not more. */
function limit(run: Run, note: string): TurnOutcome {
  return { kind: 'limit', text: [shown(run).trim(), note].filter((part) => part !== '').join('\n\n') }
}

/** Never the silent token, nor a part of it that had arrived. */
function shown(run: Run): string {
  const text = run.said.trim()
  return text === '' || silentToken.startsWith(text) ? '' : run.said
}

function abortReason(signal: AbortSignal): 'stop' | 'interrupt' | 'shutdown' | 'timeout' {
  const reason: unknown = signal.reason
  if (reason === 'stop' || reason === 'interrupt' || reason === 'shutdown' || reason === 'timeout') return reason
  return reason instanceof Error && reason.name === 'TimeoutError' ? 'timeout' : 'stop'
}

/** A host that breaks its promises costs the turn a result, never its order of events. */
function guarded(host: AgentHost): AgentHost {
  return {
    callModel: (call) => host.callModel(call),
    tools: host.tools,
    signal: host.signal,
    async runTool(call, signal, quietly) {
      return await host.runTool(call, signal, quietly)
    },
    parallel(call) {
      try {
        return host.parallel(call)
      } catch {
        // Unknown means alone and in order, which is always right.
        return false
      }
    },
    takeSteering() {
      try {
        return host.takeSteering()
      } catch {
        // Words that could not be taken stay where they are and get a turn of their own.
        return []
      }
    },
    estimateTokens(text) {
      try {
        return host.estimateTokens(text)
      } catch {
        // Our own estimate keeps the contract's promise as well.
        return estimateTokens(text)
      }
    },
  }
}
