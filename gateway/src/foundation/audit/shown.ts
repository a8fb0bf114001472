/**
 * Text from elsewhere as it may stand in a line of the record: control characters, line and paragraph separators, direction
 * overrides and invisible characters become `\u{…}`, so that no text can forge a line, hide in one or steer a terminal.
 */
export function shown(text: string): string {
  return text.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

// oxlint-disable-next-line no-control-regex -- finding them is the point
const unsafe = /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|[\u{E0000}-\u{E007F}]/gu

/** The same for facts, keys included. Depth is bounded by the cap on their text. */
export function shownFacts(value: unknown): unknown {
  if (typeof value === 'string') return shown(value)
  if (Array.isArray(value)) return value.map(shownFacts)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [shown(key), shownFacts(inner)]))
}

/** Cut to `max` characters, as the database keeps it: no half characters, no NUL. */
export function capped(text: string, max: number): string {
  // A half surrogate or a NUL would come back from the database as something else, and the entry would look edited.
  // oxlint-disable-next-line no-control-regex -- replacing it is the point
  const whole = (text.length > max ? `${text.slice(0, max - 1)}…` : text).replace(/\u0000/g, '\u2400')
  return whole.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD')
}
