import type { AssistantMessage, ModelMessage, ToolCallId, ToolCallPart, ToolResultMessage, UserMessage } from '@moltbot/contract'

/**
 * One message the loop knows of. `recorded`: it stands in the transcript (it came with the turn, or an event told of
 * it), so it counts for `compaction-end.kept`. `sent`: the model reads it.
 */
interface Line {
  message: ModelMessage
  recorded: boolean
  sent: boolean
}

/** The messages of a running turn, always fit to be sent: every call has its result right after it, nothing is empty. */
export class Transcript {
  #lines: Line[]

  constructor(messages: readonly ModelMessage[]) {
    this.#lines = mend(messages)
  }

  /** Something an event told of. Empty assistant messages are kept out of the prompt: providers refuse them. */
  record(message: ModelMessage): void {
    this.#lines.push({ message, recorded: true, sent: !isEmptyAnswer(message) })
  }

  /** A word to the model that is no part of the conversation. */
  nudge(text: string): void {
    this.#lines.push({ message: { role: 'user', content: [{ type: 'text', text }] }, recorded: false, sent: true })
  }

  /** What the model reads. The same objects in the same order until a compaction. */
  prompt(): ModelMessage[] {
    return this.#lines.filter((line) => line.sent).map((line) => line.message)
  }

  last(): ModelMessage | undefined {
    return this.#lines.findLast((line) => line.sent)?.message
  }

  /** Calls of the last assistant message that have no result yet, in call order; empty once anything else followed it. */
  openCalls(): ToolCallPart[] {
    const sent = this.prompt()
    const at = sent.findLastIndex((message) => message.role === 'assistant')
    const answer = sent[at]
    if (answer?.role !== 'assistant') return []
    const after = sent.slice(at + 1)
    if (after.some((message) => message.role !== 'tool')) return []
    const answered = new Set(after.map((message) => (message as ToolResultMessage).callId))
    return callsOf(answer).filter((call) => !answered.has(call.id))
  }

  /** Replaces all but the last `kept` prompt messages by `summary`. Returns how many recorded messages stay. */
  compact(summary: UserMessage, kept: number): number {
    let from = this.#lines.length
    let left = kept
    while (from > 0 && left > 0) {
      from -= 1
      if (this.#lines[from]?.sent === true) left -= 1
    }
    const rest = this.#lines.slice(from)
    this.#lines = [{ message: summary, recorded: false, sent: true }, ...rest]
    return rest.filter((line) => line.recorded).length
  }
}

export function callsOf(message: AssistantMessage): ToolCallPart[] {
  return message.content.filter((part) => part.type === 'tool-call')
}

export function textOf(message: ModelMessage): string {
  return message.content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

/** A result the loop writes itself, for a call that has none of its own. */
export function ownResult(call: { id: ToolCallId; name: string }, text: string): ToolResultMessage {
  return { role: 'tool', callId: call.id, name: call.name, content: [{ type: 'text', text }], isError: true }
}

function isEmptyAnswer(message: ModelMessage): boolean {
  return message.role === 'assistant' && textOf(message).trim() === '' && callsOf(message).length === 0
}

/**
 * What storage hands over may have gaps: a turn that was cut off between a call and its result, an answer without
 * words. Providers refuse both, so gaps are filled and results without a call are left out. The last assistant message
 * keeps its open calls, since those are this turn's to settle.
 */
function mend(messages: readonly ModelMessage[]): Line[] {
  const lines: Line[] = []
  let open: ToolCallPart[] = []
  const close = () => {
    for (const call of open) lines.push({ message: ownResult(call, 'no result was recorded for this call'), recorded: false, sent: true })
    open = []
  }
  for (const message of messages) {
    if (message.role === 'tool') {
      const known = open.some((call) => call.id === message.callId)
      open = open.filter((call) => call.id !== message.callId)
      lines.push({ message, recorded: true, sent: known })
      continue
    }
    const empty = isEmptyAnswer(message)
    if (!empty) {
      close()
      if (message.role === 'assistant') open = callsOf(message)
    }
    lines.push({ message, recorded: true, sent: !empty })
  }
  return lines
}
