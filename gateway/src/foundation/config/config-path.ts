/**
 * Dotted paths as people write them: `gateway.port`, `agents.list[0].name`, `models.providers["my.ai"].apiKey`. A dot
 * inside a name needs the bracket form.
 */

/** The steps of a dotted path. Undefined when it is not one (empty step, unclosed bracket). */
export function parsePath(path: string): string[] | undefined {
  const steps: string[] = []
  let rest = path
  while (rest !== '') {
    const found = /^(?:\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['((?:[^'\\]|\\.)*)'\]|(?<name>[^.[\]]+))/.exec(rest)
    if (found === null) return undefined
    const quoted = found[2] ?? found[3]
    steps.push(found[1] ?? found.groups?.['name'] ?? unescaped(quoted ?? ''))
    rest = rest.slice(found[0].length)
    if (rest.startsWith('.') && rest.length > 1) rest = rest.slice(1)
    else if (rest !== '' && !rest.startsWith('[')) return undefined
  }
  return steps.length === 0 ? undefined : steps
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

/** Escapes as JSON has them; any other character behind a backslash stands for itself. */
function unescaped(quoted: string): string {
  return quoted.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code: string | undefined, character: string) => (code === undefined ? (escapes[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16))))
}

/** The dotted path of some steps; `parsePath` of the result gives them back. */
export function formatPath(steps: readonly (string | number)[]): string {
  let path = ''
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`
    else if (/^[^.[\]"'\\]+$/.test(step)) path += path === '' ? step : `.${step}`
    else path += `[${JSON.stringify(step)}]`
  }
  return path
}

/** Whether a path fits a pattern, where `*` stands for any one step and a last `**` for any number of them. */
export function fits(path: readonly (string | number)[], pattern: readonly string[]): boolean {
  const open = pattern.at(-1) === '**'
  const fixed = open ? pattern.slice(0, -1) : pattern
  if (open ? path.length < fixed.length : path.length !== fixed.length) return false
  return fixed.every((step, position) => step === '*' || step === String(path[position]))
}

/**
 * The value at a path, own properties only. A step that is not a key as it stands is also tried joined with the ones
 * after it, so that `models.providers.my.ai.apiKey` finds the provider `my.ai`. Undefined when there is nothing.
 */
export function valueAt(value: unknown, steps: readonly string[]): unknown {
  if (steps.length === 0) return value
  if (typeof value !== 'object' || value === null) return undefined
  for (let count = 1; count <= steps.length; count++) {
    const key = steps.slice(0, count).join('.')
    if (!Object.hasOwn(value, key)) continue
    const found = valueAt((value as Record<string, unknown>)[key], steps.slice(count))
    if (found !== undefined) return found
  }
  return undefined
}

/** Keys that name something of every object. They are refused wherever a person or program can choose a key. */
export function isForbiddenKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype'
}

/** The candidate closest to a mistyped name; undefined when none is close. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = candidate.toLowerCase() === name.toLowerCase() ? 0 : editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 60 || b.length > 60) return 99
  let previous: number[] = []
  let current = Array.from({ length: b.length + 1 }, (_, position) => position)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min((current[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (current[j - 1] ?? 0) + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (previous[j - 2] ?? 0) + 1)
      next.push(least)
    }
    previous = current
    current = next
  }
  return current[b.length] ?? 99
}
