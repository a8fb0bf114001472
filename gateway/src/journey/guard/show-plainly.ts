/** Characters that hide, reorder or end a line: shown as what they are. Tab and newline have words of their own. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]|(?! )\p{Zs}|[\u115F\u1160\u3164\uFFA0]|\u034F|\u17B4|\u17B5|[\u180B-\u180F]|\p{Variation_Selector}/gu

const named: Readonly<Record<string, string>> = { '\n': '⏎\n', '\r': '␍', '\t': '⇥', '\u001B': '␛' }

/** A text in which nothing hides: each control, zero-width, reordering or blank look-alike character is written out. Newlines stay, marked. */
export function showPlainly(text: string): string {
  return text.replaceAll(hidden, (mark) => named[mark] ?? `⟨U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`)
}

/**
 * At most `linesMax` lines of at most `width` characters. What does not fit is left out in the middle, and how much that is stands
 * there: the beginning and the end of a command say the most about it.
 */
export function fitLines(plain: string, linesMax: number, width: number): string {
  const lines = plain.split('\n').map((line) => cutMiddle(line, width))
  if (lines.length <= linesMax) return lines.join('\n')
  const head = Math.ceil((linesMax - 1) / 2)
  const tail = linesMax - 1 - head
  return [...lines.slice(0, head), `[… ${lines.length - head - tail} lines more …]`, ...(tail === 0 ? [] : lines.slice(-tail))].join('\n')
}

function cutMiddle(line: string, width: number): string {
  const characters = Array.from(line)
  if (characters.length <= width) return line
  const half = Math.floor((width - 30) / 2)
  return `${characters.slice(0, half).join('')}[… ${characters.length - 2 * half} characters more …]${characters.slice(-half).join('')}`
}
