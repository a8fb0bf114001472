/** Marks of quotes and lists in one another, on one line or by indentation (two columns a step). Nobody writes half as many; the reader's stack ends at some hundreds. */
const depthMax = 40
/** Signs that may begin something, in one block without an empty line; readers look from each to each. */
const signsMax = 3_000
/** Lines of one block outside a fence. */
const linesMax = 4_000
/** Beyond this no text is read as Markdown, in UTF-16 units. */
const lengthMax = 400_000

/**
 * Whether a reader of Markdown would take absurdly long over a text, or run out of stack: then it is shown as the plain text it is. Looks at each
 * character once.
 */
export function isTangled(markdown: string): boolean {
  if (markdown.length > lengthMax) return true
  let fence = ''
  let signs = 0
  let lines = 0
  for (let start = 0; start <= markdown.length;) {
    const end = markdown.indexOf('\n', start)
    const line = markdown.slice(start, end === -1 ? markdown.length : end)
    start = end === -1 ? markdown.length + 1 : end + 1
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (mark !== undefined && (fence === '' || (mark.startsWith(fence) && line.trim() === mark))) {
      fence = fence === '' ? mark : ''
      signs = 0
      lines = 0
      continue
    }
    if (fence !== '') continue
    if (line.trim() === '') {
      signs = 0
      lines = 0
    }
    lines += 1
    const lead = /^(?:[ \t]|>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t]))*/.exec(line)?.[0] ?? ''
    let depth = 0
    let columns = 0
    for (const sign of lead) {
      if (sign === '>' || sign === '-' || sign === '+' || sign === '*' || sign === '.' || sign === ')') depth += 1
      if (sign === '\t') columns += 4
      else if (sign === ' ') columns += 1
    }
    if (depth > depthMax || (depth > 0 && columns > 2 * depthMax)) return true
    for (const sign of line) if ('*_~`[]<!('.includes(sign)) signs += 1
    if (signs > signsMax || lines > linesMax) return true
  }
  return false
}

/**
 * What a reader of Markdown makes of a text. Undefined where it would take absurdly long, run out of stack or give up: then the text is shown as the
 * plain text it is.
 */
export function readMarkdown<Node>(markdown: string, read: (markdown: string) => Node[]): Node[] | undefined {
  if (isTangled(markdown)) return undefined
  try {
    return read(markdown)
  } catch {
    // Readers have faults of their own (marked 18: an item with an empty list in a quote); no answer may be lost to one.
    return undefined
  }
}
