import type { AssistantMessage, ImagePart, ModelMessage, TextPart, ThinkingPart, ToolCallPart, ToolResultMessage } from '@moltbot/contract'

/** The conversation in the one shape all providers accept: calls are followed at once by exactly their results, in order. */
export type HistoryMessage =
  | { role: 'user'; content: (TextPart | ImagePart)[] }
  | { role: 'assistant'; model: string; content: (TextPart | ThinkingPart | ToolCallPart)[] }
  | { role: 'results'; results: ToolResultMessage[] }

/**
 * Derives what may be sent. Results without a call are dropped, calls without a result get one that says so, empty texts and
 * empty messages are dropped, thinking of other models than `model` (`provider/model`) is dropped, broken characters are
 * replaced. Pure and append-stable: the derivation of a longer conversation begins with that of its beginning (as long as
 * calls at its end have their results).
 */
export function prepareHistory(messages: readonly ModelMessage[], model: string): HistoryMessage[] {
  const prepared: HistoryMessage[] = []
  for (let at = 0; at < messages.length; at++) {
    const message = messages[at]
    if (message === undefined || message.role === 'tool') continue
    if (message.role === 'user') {
      const content = cleaned(message.content)
      prepared.push({ role: 'user', content: content.length === 0 ? [{ type: 'text', text: '(no text)' }] : content })
      continue
    }
    const content = ownContent(message, model)
    if (content.length === 0) continue
    prepared.push({ role: 'assistant', model: message.model, content })
    const calls = content.filter((part): part is ToolCallPart => part.type === 'tool-call')
    if (calls.length > 0) prepared.push({ role: 'results', results: calls.map((call) => resultOf(call, messages, at + 1)) })
  }
  return prepared
}

/** Looks for a call's result between the call's message and the next one of the assistant. */
function resultOf(call: ToolCallPart, messages: readonly ModelMessage[], from: number): ToolResultMessage {
  for (let at = from; at < messages.length; at++) {
    const message = messages[at]
    if (message === undefined || message.role === 'assistant') break
    if (message.role === 'tool' && message.callId === call.id) {
      const content = cleaned(message.content)
      return { ...message, content: content.length === 0 ? [{ type: 'text', text: '(no output)' }] : content }
    }
  }
  return { role: 'tool', callId: call.id, name: call.name, isError: true, content: [{ type: 'text', text: 'No result was recorded for this call; whether it ran is unknown.' }] }
}

function ownContent(message: AssistantMessage, model: string): (TextPart | ThinkingPart | ToolCallPart)[] {
  const own = message.model === model
  return message.content.flatMap((part): (TextPart | ThinkingPart | ToolCallPart)[] => {
    if (part.type === 'text') return part.text.trim() === '' ? [] : [{ type: 'text', text: wellFormed(part.text) }]
    if (part.type === 'thinking') return own ? [part] : []
    if (own) return [part]
    const { signature: _dropped, ...rest } = part
    return [rest]
  })
}

function cleaned(content: readonly (TextPart | ImagePart)[]): (TextPart | ImagePart)[] {
  return content.flatMap((part): (TextPart | ImagePart)[] => {
    if (part.type === 'image') return [part]
    return part.text.trim() === '' ? [] : [{ type: 'text', text: wellFormed(part.text) }]
  })
}

/** Half characters (cut emoji) make some providers refuse the whole request. */
export function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD')
}

/** A call id in a form the provider takes; the same id always becomes the same one. */
export function wireId(id: string, lengthMax = 64): string {
  const safe = id.replace(/[^A-Za-z0-9_-]/g, '_')
  if (safe === id && safe.length <= lengthMax) return safe
  const mark = shortHash(id)
  return `${safe.slice(0, lengthMax - mark.length - 1)}_${mark}`
}

/** Nine characters of [a-z0-9], the same for the same text (FNV-1a twice; for telling ids apart, not for secrets). */
export function shortHash(text: string): string {
  const half = (seed: number): string => {
    let hash = seed
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    return (hash >>> 0).toString(36).padStart(7, '0')
  }
  return (half(0x811c9dc5) + half(0x2f0b4c47)).slice(0, 14).split('').filter((_, at) => at % 3 !== 0).slice(0, 9).join('').padEnd(9, '0')
}

/** The texts of a message, joined; images are named. */
export function plainText(content: readonly (TextPart | ImagePart)[]): string {
  return content.map((part) => (part.type === 'text' ? part.text : '[image]')).join('\n')
}
