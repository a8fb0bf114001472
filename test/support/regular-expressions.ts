import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAst } from 'rolldown/parseAst'
import { projectRoot, sourcePaths } from '../../scripts/source-tree.ts'

/** A regular expression as it stands in the sources. */
export interface FoundPattern { path: string; line: number; source: string; flags: string }

/** Every regular expression literal of the product, and every `new RegExp` of a fixed text. Tests and what only builds are left out. */
export function patternsOfSources(): FoundPattern[] {
  const found: FoundPattern[] = []
  for (const path of sourcePaths()) {
    if (/\.test\.tsx?$|\/testing\/|^(?:test|bench|scripts)\//.test(path)) continue
    const text = readFileSync(join(projectRoot, path), 'utf8')
    const add = (start: number, source: string, flags: string): void => void found.push({ path, line: text.slice(0, start).split('\n').length, source, flags })
    const walk = (node: unknown): void => {
      if (Array.isArray(node)) return node.forEach(walk)
      if (typeof node !== 'object' || node === null) return
      const { type, start, regex, callee, arguments: given } = node as { type?: string; start?: number; regex?: { pattern: string; flags: string }; callee?: { name?: string }; arguments?: { value?: unknown }[] }
      if (type === 'Literal' && regex !== undefined) add(start ?? 0, regex.pattern, regex.flags)
      if (type === 'NewExpression' && callee?.name === 'RegExp' && typeof given?.[0]?.value === 'string') add(start ?? 0, given[0].value, typeof given[1]?.value === 'string' ? given[1].value : '')
      Object.values(node).forEach(walk)
    }
    walk(parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }).body)
  }
  return found
}

interface Piece { sample: string; repeats: boolean }

/** Texts that may make a pattern slow: a way to where something repeats, what repeats, and an end that fits nothing. */
export function attacksOn(source: string): { start: string; pump: string; end: string }[] {
  const pieces = piecesOf(source)
  const samples = pieces.map(({ sample }) => sample)
  const pumps = new Map<string, { start: string; pump: string }>()
  const add = (start: string, pump: string): void => { if (pump !== '') pumps.set(JSON.stringify([start, pump]), { start, pump }) }
  pieces.forEach(({ sample, repeats }, at) => {
    if (!repeats) return
    const before = samples.slice(0, at).join('')
    const next = samples[at + 1] ?? ''
    for (const start of new Set(['', before, '\u0001'])) for (const pump of new Set([sample, sample + next, sample + sample + next])) add(start, pump)
  })
  add('', samples.join(''))
  return [...pumps.values()].slice(0, 90).flatMap((each) => ['', '\u0001', '\n!'].map((end) => ({ ...each, end })))
}

/** The atoms of a pattern in order, groups beside what they hold, each with a text it takes. */
function piecesOf(source: string): Piece[] {
  const pieces: Piece[] = []
  const open: number[] = []
  let at = 0
  const quantified = (): boolean => {
    const [whole = '', max] = /^(?:[*+]|\?|\{\d+(?:,(\d*))?\})/.exec(source.slice(at)) ?? []
    at += whole.length
    if (whole !== '' && source[at] === '?') at += 1
    return whole === '*' || whole === '+' || (whole.startsWith('{') && (whole.includes(',') ? max === '' || Number(max) >= 8 : Number(whole.slice(1, -1)) >= 8))
  }
  while (at < source.length) {
    const rest = source.slice(at)
    const group = /^\((?:\?(?:[:=!]|<[=!]|<[A-Za-z]\w*>|[a-z-]+:))?/.exec(rest)?.[0]
    if (group !== undefined) {
      at += group.length
      open.push(pieces.length)
    } else if (rest.startsWith(')')) {
      at += 1
      const from = open.pop() ?? 0
      const sample = pieces.slice(from).map((piece) => piece.sample).join('')
      const repeats = quantified()
      if (repeats) pieces.push({ sample, repeats })
    } else if (/^[|^$]/.test(rest)) at += 1
    else {
      const atom = /^\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|^\\(?:u\{[0-9a-f]+\}|u[0-9a-f]{4}|x[0-9a-f]{2}|c[A-Z]|[pP]\{[^}]*\}|k<\w+>|[\s\S])|^[\s\S]/iu.exec(rest)?.[0] ?? rest[0] ?? ''
      at += atom.length
      pieces.push({ sample: sampleOf(atom), repeats: quantified() })
    }
  }
  return pieces
}

const candidates = [...'a0 A-_/.:="\'\\\n\t<>[](){}*`~|&#?@!,;+%$^\u00e9\u4e00\u0000']

/** A character that an atom takes. */
function sampleOf(atom: string): string {
  if (/^\\[bBkK]/.test(atom)) return ''
  for (const flags of ['u', '']) {
    try {
      const pattern = new RegExp(`^(?:${atom})$`, flags)
      return candidates.find((each) => pattern.test(each)) ?? (atom.length === 1 ? atom : [...Array(0x3000).keys()].map((code) => String.fromCharCode(code)).find((each) => pattern.test(each)) ?? '')
    } catch {
      // An escape that only the other mode knows.
    }
  }
  return ''
}
