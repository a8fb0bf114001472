import type { ToolCallId, TurnId } from '@moltbot/contract'
import type { ToolCallRow } from './tool-call.ts'
import type { CallAtStop, EntryRow } from './types.ts'

/** What became of the calls of a turn that was stopped at `at` and is over, by the journal; in the order they were made. */
export async function callsAtStop(of: { calls(): Promise<ToolCallRow[]>; entries(): Promise<EntryRow[]> }, turn: TurnId, at: number): Promise<CallAtStop[]> {
  const journal = await of.calls()
  const stateOf = (call: ToolCallRow): CallAtStop['state'] => {
    if (call.result?.startsWith('It was not run') === true) return 'not-begun'
    return call.state === 'finished' && call.finishedAt !== null && call.finishedAt <= at ? 'done' : 'stopped'
  }
  const told = journal.filter((call) => call.state !== 'refused').map((call): CallAtStop => ({ name: call.name, input: call.input, state: stateOf(call) }))
  // What the model asked for last and the journal does not know was never begun.
  const last = (await of.entries()).findLast((entry) => entry.turnId === turn && entry.body.kind === 'assistant')?.body
  if (last?.kind !== 'assistant') return told
  const known = new Set<ToolCallId>(journal.map((call) => call.callId.split('#')[0] as ToolCallId))
  for (const part of last.message.content) if (part.type === 'tool-call' && !known.has(part.id)) told.push({ name: part.name, input: part.input, state: 'not-begun' })
  return told
}
