import { Problem } from '@moltbot/contract'

/** Stands where a secret is; on the way back it means "keep what is stored". */
export const redacted = '__MOLTBOT_REDACTED__'

/** Whether a written value is only a reference to where the secret is kept: harmless, and worth showing. */
function isReference(value: string): boolean {
  return /^\$\{[^}]+\}$/.test(value.trim())
}

/** `written` with every plain secret replaced by the mark. Which values are secrets is read off `masked`, the same tree with marks. */
export function redactLike(written: unknown, masked: unknown): unknown {
  if (typeof written === 'string') {
    return masked !== redacted || isReference(written) || written === '' ? written : redacted
  }
  if (Array.isArray(written)) return written.map((item, at) => redactLike(item, Array.isArray(masked) ? masked[at] : masked === redacted ? redacted : undefined))
  if (!isTree(written)) {
    return masked !== redacted || written === null || written === undefined ? written : redacted
  }
  return Object.fromEntries(Object.entries(written).map(([key, value]) => [key, redactLike(value, isTree(masked) ? masked[key] : masked === redacted ? redacted : undefined)]))
}

/** A merge patch with the marks taken out: a key that carries one stays as it is stored. */
export function restorePatch(patch: Record<string, unknown>, stored: unknown, path = ''): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(patch)) {
    const kept = isTree(stored) && Object.hasOwn(stored, key) ? stored[key] : undefined
    const at = path === '' ? key : `${path}.${key}`
    if (value === redacted) continue
    Object.defineProperty(result, key, {
      value: isTree(value) ? restorePatch(value, kept, at) : Array.isArray(value) ? value.map((item, index) => restoreItem(item, Array.isArray(kept) ? kept[index] : undefined, `${at}[${index}]`)) : value,
      enumerable: true, writable: true, configurable: true,
    })
  }
  return result
}

function restoreItem(item: unknown, kept: unknown, path: string): unknown {
  if (item === redacted) {
    if (kept === undefined) throw nothingStored(path)
    return kept
  }
  if (Array.isArray(item)) return item.map((inner, at) => restoreItem(inner, Array.isArray(kept) ? kept[at] : undefined, `${path}[${at}]`))
  if (!isTree(item)) return item
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, restoreItem(value, isTree(kept) ? kept[key] : undefined, `${path}.${key}`)]))
}

function nothingStored(path: string): Problem {
  return new Problem('config-invalid', 'invalid config', {
    next: 'Write the value itself.',
    details: { issues: [{ path, message: `${path}: the mark ${redacted} means "keep the stored value", but nothing is stored there` }] },
  })
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
