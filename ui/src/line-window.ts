/** One line of a long list, as far as its place is concerned. */
export interface Placed {
  key: string
  /** How high it may be, px, where so many characters stand side by side; counts until it was seen. */
  guess(perLine: number): number
}

/** Lines from `from` up to, not including, `to`. */
export interface Span { from: number; to: number }

/** Where the lines of a long list stand, though most of them are not in the document. Heights in px, without the space between. */
export interface LineWindow {
  readonly count: number
  /** Height of all lines, each with the space after it. */
  readonly total: number
  /** These lines, from now on. A line that was seen before keeps its height. */
  show(rows: readonly Placed[], gap: number, perLine: number): void
  /** What a line really measures. */
  measure(key: string, height: number): void
  isKnown(key: string): boolean
  indexOf(key: string): number | undefined
  /** Where a line begins; `count` is where the next one would. */
  top(index: number): number
  /** The line at this height, the first or last beyond the ends; 0 where there is none. */
  at(y: number): number
  /** The lines that stand in this part, wholly or in part, and `margin` px before and after it. */
  around(y: number, height: number, margin: number): Span
  /** The height these lines take up together, without the space around them. */
  heightOf(span: Span): number
}

export function createLineWindow(): LineWindow {
  const seen = new Map<string, number>()
  const guessed = new Map<string, number>()
  const indexes = new Map<string, number>()
  let rows: readonly Placed[] = []
  let gap = 0
  let perLine = 0
  let pitches = new Float64Array(0)
  let tops = new Float64Array(1)
  /** `tops` are right up to here. */
  let right = 0

  function guess(row: Placed): number {
    const known = guessed.get(row.key)
    if (known !== undefined) return known
    const height = row.guess(perLine)
    guessed.set(row.key, height)
    return height
  }
  function top(index: number): number {
    for (; right < index; right += 1) tops[right + 1] = (tops[right] ?? 0) + (pitches[right] ?? 0)
    return tops[index] ?? 0
  }
  function at(y: number): number {
    let low = 0
    let high = rows.length - 1
    top(rows.length)
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((tops[middle] ?? 0) <= y) low = middle
      else high = middle - 1
    }
    return low
  }

  return {
    get count() {
      return rows.length
    },
    get total() {
      return top(rows.length)
    },
    show(next, nextGap, nextPerLine) {
      if (next === rows && nextGap === gap && nextPerLine === perLine) return
      if (nextPerLine !== perLine) guessed.clear()
      rows = next
      gap = nextGap
      perLine = nextPerLine
      pitches = new Float64Array(rows.length)
      tops = new Float64Array(rows.length + 1)
      right = 0
      indexes.clear()
      for (const [index, row] of rows.entries()) {
        indexes.set(row.key, index)
        pitches[index] = (seen.get(row.key) ?? guess(row)) + gap
      }
    },
    measure(key, height) {
      if (seen.get(key) === height) return
      seen.set(key, height)
      const index = indexes.get(key)
      if (index === undefined) return
      pitches[index] = height + gap
      right = Math.min(right, index)
    },
    isKnown: (key) => seen.has(key),
    indexOf: (key) => indexes.get(key),
    top,
    at,
    around: (y, height, margin) => (rows.length === 0 ? { from: 0, to: 0 } : { from: at(y - margin), to: at(y + height + margin) + 1 }),
    heightOf: ({ from, to }) => (to > from ? top(to) - top(from) - gap : 0),
  }
}

/** The same lines in order, each once; what lies outside the list is cut off. */
export function mergeSpans(spans: readonly Span[], count: number): Span[] {
  const merged: Span[] = []
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const span = { from: Math.max(0, from), to: Math.min(count, to) }
    const last = merged.at(-1)
    if (last !== undefined && span.from <= last.to) last.to = Math.max(last.to, span.to)
    else if (span.to > span.from) merged.push(span)
  }
  return merged
}

export function isWithin(inner: Span, spans: readonly Span[]): boolean {
  return inner.from >= inner.to || spans.some((span) => span.from <= inner.from && inner.to <= span.to)
}
