import { Problem } from '@moltbot/contract'
import type { CommandContext, Review, ReviewOptions } from '@moltbot/contract'
import { isLoopback } from '../gateway-address.ts'
import { asText } from '../wire-fields.ts'

export interface TakenReview {
  review: Review
  /** Who looked: the running gateway, or the same code on this computer's files. */
  through: 'gateway' | 'files'
  /** Why the running gateway did not look; absent: it did. */
  because?: string
  /** The looked-at files are on this computer. */
  here: boolean
}

/**
 * The review by the running gateway, else by the same code on this computer's files: a gateway that is down, too old or refuses
 * us is no reason not to look. One that is configured elsewhere and does not answer is a failure: the files here are not its own.
 */
export async function takeReview(context: CommandContext, options: ReviewOptions): Promise<TakenReview> {
  try {
    const client = await context.gateway()
    const here = isLoopback(new URL(client.url).hostname)
    const review = await client.request('security.audit', { ...options }, { timeoutMs: 60_000 })
    return { review: reviewOf(review), through: 'gateway', here }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const url = asText(error.details?.['url'])
    if (url !== undefined && !isLoopback(new URL(url).hostname)) throw error
    const because = reasons[error.code]
    if (because === undefined) throw error
    return { review: await context.machine.offlineReview(options), through: 'files', because, here: true }
  }
}

const reasons: Readonly<Record<string, string>> = {
  'gateway-unreachable': 'The gateway is not running: devices, people, queues and connections were not looked at.',
  'gateway-refused': 'The gateway did not let this command in: devices, people, queues and connections were not looked at.',
  'gateway-too-old': 'The running gateway is older and has no review: its devices, people, queues and connections were not looked at.',
}

function reviewOf(answer: unknown): Review {
  const review = answer as Partial<Review> | null
  if (typeof review !== 'object' || review === null || !Array.isArray(review.findings) || !Array.isArray(review.checks)) {
    throw new Problem('answer-odd', 'The gateway answered the review in a form this command does not know.', { next: 'Bring both to the same version, then restart the gateway.' })
  }
  return review as Review
}
