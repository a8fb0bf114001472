import { specText, type ModelMessage, type ToolSpec } from '@moltbot/contract'

/** What one image costs, roughly, at the common providers when it is scaled to about 1,000 × 1,000 pixels. */
const imageTokens = 1_500

/**
 * Estimated tokens of a text: its UTF-8 bytes divided by four, rounded up; 0 for ''. Close for English and code, a
 * little high for scripts of three bytes a character, which is the safe side for a budget.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

/** Estimated tokens of one message as it is sent, with a little for its frame. */
export function estimateMessage(message: ModelMessage, estimate: (text: string) => number): number {
  let tokens = 4
  for (const part of message.content) {
    switch (part.type) {
      case 'text':
      case 'thinking':
        tokens += estimate(part.text)
        break
      case 'image':
        tokens += imageTokens
        break
      case 'tool-call':
        tokens += 8 + estimate(part.name) + estimate(JSON.stringify(part.input))
        break
    }
  }
  return tokens
}

/** Estimated input tokens of a whole request. */
export function estimatePrompt(
  request: { system: string; tools: readonly ToolSpec[]; messages: readonly ModelMessage[] },
  estimate: (text: string) => number,
): number {
  const tools = request.tools.reduce((sum, tool) => sum + estimate(specText(tool)), 0)
  return estimate(request.system) + tools + request.messages.reduce((sum, message) => sum + estimateMessage(message, estimate), 0)
}
