/** Alternatives one pattern may unfold into. */
const alternativesMax = 64

/**
 * A matcher for paths like `notes/a.md`: `*` and `?` within a step, `**` for any number of steps, `{a,b}` for alternatives. A pattern
 * without a slash is matched against the last step. Work is bounded by pattern length times path length; nothing backtracks.
 */
export function matchGlob(pattern: string): (steps: readonly string[]) => boolean {
  const unfolded = unfold(pattern.replace(/^(?:\.\/)+/, ''))
  const matchers = unfolded.map((each) => {
    if (!each.includes('/')) return (steps: readonly string[]) => matchStep(each, steps.at(-1) ?? '')
    const wanted = each.split('/').filter((step) => step !== '')
    return (steps: readonly string[]) => matchSteps(wanted, steps)
  })
  return (steps) => matchers.some((matches) => matches(steps))
}

function unfold(pattern: string): string[] {
  let done: string[] = ['']
  let rest = pattern
  for (;;) {
    const open = rest.indexOf('{')
    const close = rest.indexOf('}', open)
    if (open < 0 || close < 0) return done.map((each) => each + rest)
    const choices = rest.slice(open + 1, close).split(',')
    const next = done.flatMap((each) => choices.map((choice) => each + rest.slice(0, open) + choice))
    if (next.length > alternativesMax) return done.map((each) => each + rest)
    done = next
    rest = rest.slice(close + 1)
  }
}

/** Which prefixes of the path the pattern so far can match, step by step of the pattern. */
function matchSteps(pattern: readonly string[], steps: readonly string[]): boolean {
  let reached = new Set([0])
  for (const wanted of pattern) {
    const next = new Set<number>()
    for (const at of reached) {
      if (wanted === '**') for (let any = at; any <= steps.length; any++) next.add(any)
      else if (at < steps.length && matchStep(wanted, steps[at] ?? '')) next.add(at + 1)
    }
    if (next.size === 0) return false
    reached = next
  }
  return reached.has(steps.length)
}

/** `*` and `?` with the one remembered star that suffices. */
function matchStep(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let mark = 0
  while (t < text.length) {
    const wanted = pattern[p]
    if (wanted === '*') {
      star = p++
      mark = t
    } else if (wanted === '?' || wanted === text[t]) {
      p += 1
      t += 1
    } else if (star >= 0) {
      p = star + 1
      t = ++mark
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}
