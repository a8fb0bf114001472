import type { AgentEvent, AgentHost, ModelMessage, TurnView, Usage } from '@moltbot/contract'
import { describeError, noUsage } from '@moltbot/contract'
import { askModel } from './model-call.ts'
import { callsOf, ownResult, Transcript } from './transcript.ts'
import { abortedFirst, untilAborted } from './until-aborted.ts'

/** How the model is asked to write down what should last before older history is summarised. */
export interface NoteKeeping {
  /** So many tokens before the summary is due. */
  softThresholdTokens: number
  /** What the model reads, as the last message. */
  prompt: string
  /** Stands behind the system prompt meanwhile; '' keeps the prompt's cached beginning. */
  systemPrompt: string
}

/** Calls of the model, and calls of tools, that one writing of notes may take. */
const stepsMax = 4
const callsMax = 16
const notesTokensMax = 2_048

/**
 * Lets the model write down what should last, with the turn's own tools, each of them quietly. What is said there is no part of the conversation
 * and is shown to nobody. The request that is being worked on is left out: it is answered afterwards. Yields one `notes-end`, unless it was
 * stopped or there is nothing to look back on. Never throws; when it fails the conversation goes on as if nobody had asked.
 */
export async function* keepNotes(turn: TurnView, host: AgentHost, messages: readonly ModelMessage[], how: NoteKeeping): AsyncGenerator<AgentEvent, void> {
  const past = messages.slice(0, messages.findLastIndex(({ role }) => role !== 'user') + 1)
  if (past.length === 0) return
  const lines = new Transcript(past)
  lines.nudge(how.prompt)
  let usage: Usage = noUsage
  let calls = 0
  for (let step = 1; step <= stepsMax; step += 1) {
    const asking = askModel({
      candidates: turn.models, strict: turn.strict, system: how.systemPrompt === '' ? turn.system : `${turn.system}\n\n${how.systemPrompt}`, tools: host.tools, messages: lines.prompt(),
      thinking: turn.thinking, maxOutputTokens: Math.min(turn.maxOutputTokens, notesTokensMax), cache: 'short', signal: host.signal, sessionHint: turn.sessionId,
    }, host)
    let next = await asking.next()
    for (; next.done !== true; next = await asking.next()) if (next.value.type === 'failover') yield next.value
    const { message, fault, stop, usage: used } = next.value
    usage = { input: usage.input + used.input, output: usage.output + used.output, cacheRead: usage.cacheRead + used.cacheRead, cacheWrite: usage.cacheWrite + used.cacheWrite }
    if (host.signal.aborted) return
    if (fault !== undefined) return yield { type: 'notes-end', usage, error: fault.message }
    lines.record(message)
    const wanted = callsOf(message)
    if (wanted.length === 0 || stop === 'length') break
    for (const call of wanted) {
      calls += 1
      const done = calls > callsMax ? ownResult(call, 'not run: enough was written down') : await quietly(host, call)
      if (done === undefined) return
      lines.record(done)
    }
  }
  yield { type: 'notes-end', usage }
}

/** Undefined: the turn was stopped. */
async function quietly(host: AgentHost, call: Parameters<AgentHost['runTool']>[0]): Promise<Awaited<ReturnType<AgentHost['runTool']>> | undefined> {
  try {
    const done = await untilAborted(host.runTool(call, host.signal, true), host.signal)
    return done === abortedFirst || host.signal.aborted ? undefined : done
  } catch (error) {
    return ownResult(call, `failed: ${describeError(error)}`)
  }
}
