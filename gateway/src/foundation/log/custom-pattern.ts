/** How far a `*`, `+` or `{n,}` reaches that is not the last one of a pattern. */
const repeatMax = 64
/** More open-ended repeats in one pattern multiply into minutes. */
const openRepeatsMax = 3
/** Patterns are tried on pieces of about this many characters, cut at white space. */
const pieceLength = 1_000

/**
 * A person's pattern, made safe to run on any text, or why it is not used. Refused is what can take exponential time:
 * repeats and alternatives inside repeats, and back references. All open-ended repeats but the last are given an end.
 */
export function compilePattern(source: string): { pattern: RegExp } | { refused: string } {
  const wrapped = /^\/(.+)\/([a-z]*)$/s.exec(source)
  const body = wrapped?.[1] ?? source
  const flags = [...new Set(`${(wrapped?.[2] ?? 'i').replaceAll(/[^imsu]/g, '')}g`)].join('')
  if (body === '') return { refused: 'it is empty' }
  if (body.length > 256) return { refused: 'it is longer than 256 characters' }
  const bounded = boundRepeats(body)
  if ('refused' in bounded) return bounded
  try {
    const pattern = new RegExp(bounded.body, flags)
    if (new RegExp(bounded.body, flags).test('')) return { refused: 'it matches the empty text' }
    return { pattern }
  } catch (error) {
    return { refused: error instanceof Error ? error.message : 'it is no regular expression' }
  }
}

/** The text with every match replaced, looked for piece by piece. */
export function replaceInPieces(text: string, pattern: RegExp, replace: (match: string, firstGroup: string | undefined) => string): string {
  let done = ''
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + pieceLength)
    while (end < text.length && end < at + 2 * pieceLength && !/\s/.test(text[end] ?? '')) end++
    done += text.slice(at, end).replace(pattern, (match: string, ...rest: unknown[]) => {
      const offset = rest.findIndex((each) => typeof each === 'number')
      const group = rest.slice(0, offset).find((each) => typeof each === 'string' && each !== '')
      return replace(match, typeof group === 'string' ? group : undefined)
    })
    at = end
  }
  return done
}

interface Group { repeats: boolean; alternatives: boolean }

const pieces = /\\[1-9]|\\k|\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?|\)|\||[*+?]\??|\{\d+(?:,\d*)?\}\??|[\s\S]/uy

function boundRepeats(body: string): { body: string } | { refused: string } {
  const made: string[] = []
  const groups: Group[] = [{ repeats: false, alternatives: false }]
  /** Where in `made` the open-ended repeats stand, and what each would be without an end. */
  const openRepeats: { index: number; unbounded: string }[] = []
  /** The group that just closed, when a repeat would apply to it. */
  let closed: Group | undefined
  pieces.lastIndex = 0
  while (pieces.lastIndex < body.length) {
    const piece = pieces.exec(body)?.[0]
    const inner = groups.at(-1)
    if (piece === undefined || inner === undefined) return { refused: 'its brackets do not match' }
    if (/^\\[1-9k]/.test(piece)) return { refused: 'it refers back to a group' }
    const repeat = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)$/.exec(piece)
    if (repeat !== null) {
      const [, sign, low, comma, high, lazy = ''] = repeat
      const least = sign === '*' || sign === '?' ? 0 : sign === '+' ? 1 : Number(low)
      const most = sign === '?' ? 1 : sign !== undefined || (comma !== '' && high === '') ? Number.POSITIVE_INFINITY : Number(high === '' ? low : high)
      if (most > 1) {
        if (closed !== undefined && (closed.repeats || closed.alternatives)) return { refused: 'it repeats a group that repeats or chooses inside' }
        inner.repeats = true
      }
      if (most > repeatMax) {
        openRepeats.push({ index: made.length, unbounded: piece })
        if (openRepeats.length > openRepeatsMax) return { refused: `it has more than ${openRepeatsMax} open-ended repeats` }
        made.push(`{${Math.min(least, repeatMax)},${repeatMax}}${lazy}`)
      } else made.push(piece)
      closed = undefined
      continue
    }
    closed = undefined
    if (piece.startsWith('(')) groups.push({ repeats: false, alternatives: false })
    else if (piece === '|') inner.alternatives = true
    else if (piece === ')') {
      closed = groups.pop()
      const outer = groups.at(-1)
      if (outer === undefined) return { refused: 'its brackets do not match' }
      outer.repeats ||= closed?.repeats ?? false
      outer.alternatives ||= closed?.alternatives ?? false
    }
    made.push(piece)
  }
  if (groups.length !== 1) return { refused: 'its brackets do not match' }
  // The last one may run on: what is hidden must not end in the middle of a long secret.
  const last = openRepeats.at(-1)
  if (last !== undefined) made[last.index] = last.unbounded
  return { body: made.join('') }
}
