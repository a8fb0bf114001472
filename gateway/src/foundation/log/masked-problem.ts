import { Problem } from '@moltbot/contract'

/** A failure as it may leave the gateway: every text of a `Problem` masked. Anything else stays what it is, since nobody outside is told its words. */
export function maskedProblem(error: unknown, mask: (text: string) => string): unknown {
  if (!(error instanceof Problem)) return error
  return new Problem(error.code, mask(error.message), {
    cause: error,
    ...(error.next === undefined ? {} : { next: mask(error.next) }),
    ...(error.details === undefined ? {} : { details: maskedDetails(error.details, mask) }),
  })
}

function maskedDetails(details: Record<string, unknown>, mask: (text: string) => string): Record<string, unknown> {
  const masked = (value: unknown): unknown => {
    if (typeof value === 'string') return mask(value)
    if (Array.isArray(value)) return value.map(masked)
    if (typeof value !== 'object' || value === null || ![Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [mask(key), masked(inner)]))
  }
  return masked(details) as Record<string, unknown>
}
