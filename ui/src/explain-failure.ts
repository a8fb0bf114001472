import { ConnectionLost, GatewayError } from './gateway-client.ts'
import { text } from './text.ts'

/** What went wrong, and what to do about it, in the page's words. */
export function explainFailure(error: unknown): { reason: string; next: string | undefined } {
  if (error instanceof ConnectionLost) return { reason: text.lostBeforeAnswer, next: text.lostNext }
  if (error instanceof GatewayError) return { reason: error.message, next: error.next }
  return { reason: error instanceof Error ? error.message : String(error), next: undefined }
}
