import { Problem, Secret } from '@moltbot/contract'
import type { Redactor } from './redactor.ts'
import { isSecretFact } from './redactor.ts'

const depthMax = 8
const entriesMax = 100
const nodesMax = 1_000
/** Texts longer than this are cut after they were redacted. */
const shownMax = 8_192
const stackLinesMax = 12

/** Facts as plain, redacted JSON: nothing in it runs code, hides a secret in a name, or grows without end. */
export function plainFacts(facts: Record<string, unknown>, redactor: Redactor): Record<string, unknown> {
  const seen = new Set<unknown>()
  let nodes = 0

  function text(value: string): string {
    const shown = redactor.redact(value)
    return shown.length <= shownMax ? shown : `${shown.slice(0, shownMax)} … (${value.length} characters)`
  }

  function plain(value: unknown, depth: number): unknown {
    if (++nodes > nodesMax) return '…'
    switch (typeof value) {
      case 'string': return text(value)
      case 'number': return Number.isFinite(value) ? value : String(value)
      case 'boolean': return value
      case 'bigint': return String(value)
      case 'undefined': return undefined
      case 'symbol': return text(String(value))
      case 'function': return '[function]'
      default:
    }
    if (typeof value !== 'object' || value === null) return null
    if (value instanceof Secret) return value.toString()
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid date' : value.toISOString()
    if (value instanceof URL) return text(value.href)
    if (value instanceof RegExp) return text(String(value))
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
    if (seen.has(value)) return '[seen above]'
    if (depth >= depthMax) return '…'
    seen.add(value)
    try {
      if (value instanceof Error) return describe(value, depth)
      if (value instanceof Map) return object([...value].map(([key, inner]) => [typeof key === 'string' ? key : String(plain(key, depth + 1)), inner]), depth)
      if (Array.isArray(value) || value instanceof Set) {
        const entries = [...value]
        const shown = entries.slice(0, entriesMax).map((entry) => plain(entry, depth + 1) ?? null)
        return entries.length > entriesMax ? [...shown, `… (${entries.length} entries)`] : shown
      }
      return object(Object.entries(value), depth)
    } catch {
      // A getter or proxy that throws: the line matters more than this fact.
      return '[unreadable]'
    } finally {
      seen.delete(value)
    }
  }

  function object(entries: [string, unknown][], depth: number): Record<string, unknown> {
    const shown: Record<string, unknown> = {}
    for (const [key, inner] of entries.slice(0, entriesMax)) {
      const value = isSecretFact(key, inner) ? '***' : plain(inner, depth + 1)
      if (value !== undefined) Object.defineProperty(shown, text(key), { value, enumerable: true, configurable: true, writable: true })
    }
    if (entries.length > entriesMax) shown['…'] = `${entries.length} entries`
    return shown
  }

  function describe(error: Error, depth: number): Record<string, unknown> {
    const shown: Record<string, unknown> = { name: text(error.name), message: text(error.message) }
    if (error instanceof Problem) {
      shown['code'] = text(error.code)
      if (error.next !== undefined) shown['next'] = text(error.next)
      if (error.details !== undefined) shown['details'] = plain(error.details, depth + 1)
    } else {
      const code = 'code' in error ? error.code : undefined
      if (typeof code === 'string' || typeof code === 'number') shown['code'] = plain(code, depth + 1)
      // Where it happened; an expected failure explains itself. Redacted as a whole first: a secret may span lines.
      if (error.stack !== undefined) shown['stack'] = redactor.mask(error.stack).split('\n').filter((line) => /^\s+at /.test(line)).slice(0, stackLinesMax).map((line) => text(line.trim()))
    }
    if (error.cause !== undefined) shown['cause'] = plain(error.cause, depth + 1)
    if (error instanceof AggregateError) shown['errors'] = plain(error.errors, depth + 1)
    return shown
  }

  return object(Object.entries(facts), 0)
}
