export interface DiffLine { kind: 'same' | 'out' | 'in'; words: string }
/** A run of unchanged lines that is not worth showing. */
export interface DiffGap { kind: 'gap'; count: number }

/** Beyond this many cells of the table the middle is shown as replaced: nobody reads a longer difference line by line. */
const cellsMax = 4_000_000
const contextLines = 2

/** What changed between two texts, with a little of what is around it. Empty: nothing did. */
export function lineDiff(before: string, after: string): (DiffLine | DiffGap)[] {
  const a = before.split('\n')
  const b = after.split('\n')
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1
  const same = (lines: readonly string[]): DiffLine[] => lines.map((words) => ({ kind: 'same', words }))
  const lines = [...same(a.slice(0, head)), ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)), ...same(a.slice(a.length - tail))]
  return folded(lines)
}

/** The longest common lines stay, everything else goes out or comes in. */
function middle(a: readonly string[], b: readonly string[]): DiffLine[] {
  const out = (words: string): DiffLine => ({ kind: 'out', words })
  const into = (words: string): DiffLine => ({ kind: 'in', words })
  if (a.length * b.length > cellsMax) return [...a.map(out), ...b.map(into)]
  const width = b.length + 1
  const longest = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  }
  const lines: DiffLine[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    if (left !== undefined && left === right) {
      lines.push({ kind: 'same', words: left })
      i += 1
      j += 1
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(out(left))
      i += 1
    } else if (right !== undefined) {
      lines.push(into(right))
      j += 1
    }
  }
  return lines
}

function folded(lines: readonly DiffLine[]): (DiffLine | DiffGap)[] {
  if (lines.every((line) => line.kind === 'same')) return []
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - contextLines), index + contextLines + 1).some((line) => line.kind !== 'same'))
  const shown: (DiffLine | DiffGap)[] = []
  for (const [index, line] of lines.entries()) {
    if (near[index] === true) {
      shown.push(line)
      continue
    }
    const last = shown.at(-1)
    if (last?.kind === 'gap') last.count += 1
    else shown.push({ kind: 'gap', count: 1 })
  }
  return shown
}
