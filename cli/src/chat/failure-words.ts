import { asText } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

/** What a failed answer is told as: the gateway's sentence, and what to do next. `payload` is the `chat` event of it. */
export function failureWords(payload: Fields): string {
  return `${asText(payload['errorMessage']) ?? 'The answer failed.'} ${nextAfter(asText(payload['errorKind']))}`
}

function nextAfter(kind: string | undefined): string {
  switch (kind) {
    case 'context_length': return '/compact or /new makes room.'
    case 'rate_limit': case 'timeout': return 'Try again in a moment, or choose another model with /model.'
    case 'refusal': return 'Say it in other words, or choose another model with /model.'
    case undefined: return 'See what happened with /why.'
    default: return 'See what happened with /why; /model chooses another model, and "moltbot onboard" takes a new key.'
  }
}
