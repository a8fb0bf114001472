import type { Section } from '@moltbot/contract'
import { parsePath } from './config-path.ts'
import { redactValue } from './evaluate.ts'
import { setOwn } from './json5-document.ts'
import { isPlainObject } from './schema-walk.ts'
import type { Steps } from './schema-walk.ts'
import { isRedactionMark } from './secret-keys.ts'

/** What is in effect of a section: `full` with its defaults and values, and whether that is what is written. */
export interface SectionInEffect { full: Record<string, unknown>; healthy: boolean }

/** The whole configuration in effect, shown: secrets are replaced by their mark. */
export function effectiveConfig(written: Record<string, unknown>, sections: readonly Section[], inEffect: (section: string) => SectionInEffect | undefined, isSecret: (path: Steps) => boolean): Record<string, unknown> {
  const whole = redactValue(written, isSecret) as Record<string, unknown>
  for (const section of [...sections].sort((a, b) => a.path.length - b.path.length)) {
    const steps = parsePath(section.path) ?? [section.path]
    const state = inEffect(section.path)
    let nested: unknown = structuredClone(state?.full ?? {})
    for (const step of steps.toReversed()) nested = Object.fromEntries([[step, nested]])
    const shown = redactValue(nested, isSecret)
    let from = whole
    let to = shown as Record<string, unknown>
    for (const step of steps.slice(0, -1)) {
      if (!isPlainObject(from[step])) setOwn(from, step, {})
      from = from[step] as Record<string, unknown>
      to = to[step] as Record<string, unknown>
    }
    const last = steps.at(-1) ?? section.path
    const before = from[last]
    // Keys that no schema knows are kept in the file, so they are shown too; of a broken section only that a secret is written there.
    const beside = state?.healthy === true ? before : onlyMarks(before)
    setOwn(from, last, isPlainObject(beside) ? overlay(beside, to[last]) : to[last])
  }
  return whole
}

/** `over` where both say something; unknown keys of `under` stay. */
function overlay(under: unknown, over: unknown): unknown {
  if (!isPlainObject(under) || !isPlainObject(over)) return over
  const both: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(under)) setOwn(both, key, Object.hasOwn(over, key) ? overlay(value, over[key]) : value)
  for (const [key, value] of Object.entries(over)) if (!Object.hasOwn(both, key)) setOwn(both, key, value)
  return both
}

/** The redaction marks of a value and what leads to them; undefined when there are none. */
function onlyMarks(value: unknown): unknown {
  if (isRedactionMark(value)) return value
  if (!isPlainObject(value)) return undefined
  const marks = Object.entries(value).map(([key, inner]) => [key, onlyMarks(inner)] as const).filter(([, inner]) => inner !== undefined)
  return marks.length === 0 ? undefined : Object.fromEntries(marks)
}
