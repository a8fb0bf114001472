/**
 * A text as one line in which nothing can hide: control, format and line-separating characters are written as escapes,
 * so that a person judging a call sees exactly what it holds.
 */
export function visible(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]|[^\S ]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0
    if (char === '\n') return '\\n'
    if (char === '\t') return '\\t'
    return `\\u{${code.toString(16)}}`
  })
}

/** The same in quotes; what is longer than `max` characters ends in `…` and its full length. */
export function quoted(text: string, max: number): string {
  return text.length <= max ? `"${visible(text)}"` : `"${visible(text.slice(0, max))}…" (${text.length} characters)`
}
