import { asList, asText } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

/** The words of one message of the gateway: its text blocks joined, without thinking and tool calls. Images are named. */
export function messageText(message: Fields): string {
  const { content } = message
  if (typeof content === 'string') return content
  return asList(content).flatMap((block) => (block['type'] === 'text' ? [asText(block['text']) ?? ''] : block['type'] === 'image' ? ['[image]'] : [])).join('')
}
