import type { Facts } from '@moltbot/contract'

export type Fields = Readonly<Record<string, unknown>>

export function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

/** The value in effect at a dotted path; undefined: none. Keys that contain dots are not reached this way. */
export function valueAt(facts: Facts, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => asFields(value)[key], facts.config.effective)
}

export function textAt(facts: Facts, path: string): string {
  const value = valueAt(facts, path)
  return typeof value === 'string' ? value.trim() : ''
}

/** The texts and numbers of a list, as texts. */
export function wordsOf(value: unknown): string[] {
  return asList(value).flatMap((each) => (typeof each === 'string' || typeof each === 'number' ? [String(each)] : []))
}

/** A path as the configuration takes it: plain keys dotted, others in brackets. */
export function configPath(keys: readonly string[]): string {
  return keys.map((key, index) => (/^[A-Za-z0-9_-]+$/.test(key) ? `${index === 0 ? '' : '.'}${key}` : `[${JSON.stringify(key)}]`)).join('')
}
