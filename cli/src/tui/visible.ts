/**
 * Text from elsewhere for a window that is ours: escape sequences, control characters, direction overrides and invisible marks are
 * shown as signs, so that nothing in them is obeyed and nobody hides anything with them. Line breaks stay, a tab becomes two spaces.
 */
export function visible(text: string): string {
  // Most text has nothing of the kind, and a growing answer is looked at often.
  return suspicious.test(text) ? text.replace(/\r\n?/g, '\n').replace(/\t/g, '  ').replace(everySuspicious, sign) : text
}

/** The same on one line. */
export function visibleLine(text: string): string {
  return visible(text).replace(/\s+/g, ' ').trim()
}

// Controls but the line break, direction marks and overrides, marks without width that are no joiner of emoji, tags, separators.
// oxlint-disable-next-line no-control-regex -- showing them is the point
const suspicious = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u00AD\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|[\u{E0001}-\u{E007E}]/u
const everySuspicious = new RegExp(suspicious.source, 'gu')

function sign(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  if (code === 0x7f) return '␡'
  return `⟨${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
}
