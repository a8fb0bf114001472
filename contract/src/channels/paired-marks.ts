import type { MarkdownNode } from './markdown-tree.ts'

type PairedKind = 'underline' | 'spoiler'
type PairMark = { type: 'mark'; kind: PairedKind; raw: string; opens: boolean; closes: boolean }
type Frame = { mark: PairMark; nodes: MarkdownNode[] }

/** Two bars and no more: a longer run is a line of something. */
const bars = /(?<!\|)\|\|(?!\|)/g
/** Behind these a hidden word may begin: `a||b` is an "or" of some language, and so is `'a'||b`. Letters without a case stand in scripts that set no spaces. */
const opensBehind = /(?:^|[\s\p{Ps}\p{Pi}\p{So}\p{Lo}—–:：，。、！？；])["']?$/u
const closesBefore = /^["']?(?:$|[\s\p{Pe}\p{Pf}\p{So}\p{Lo}.,;:!?…—–：，。、！？；])/u

/**
 * What stands in a line, with its underlined words (`<u>` to `</u>`) and its hidden ones (`||` to `||`) as nodes of their own, however deep each is marked otherwise. Both marks stand
 * beside each other, in the same bold words or the same link. Bars hide what they touch on the inner sides and nothing they touch on the outer ones: what stands between spaces
 * (`a || b`), within a word (`a||b||c`), around one Latin letter (`||v||`, a norm) or in code stays as it was written, and so does a mark without its other. Looks at each character a few times.
 */
export function pairMarks(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  const base: MarkdownNode[] = []
  /** At most one of each kind: a mark that begins anew makes words of the one before. */
  const open: Frame[] = []
  const put = (node: MarkdownNode): void => {
    const into = open.at(-1)?.nodes ?? base
    const last = into.at(-1)
    if (node.type === 'text' && last?.type === 'text' && node.tokens === undefined && last.tokens === undefined) into[into.length - 1] = words(last.raw + node.raw)
    else into.push(node)
  }
  const asWords = (frame: Frame | undefined): void => {
    if (frame === undefined) return
    put(words(frame.mark.raw))
    for (const node of frame.nodes) put(node)
  }

  for (const part of withMarks(nodes)) {
    if (part.type !== 'mark') {
      put(part)
      continue
    }
    const isOpen = open.some(({ mark }) => mark.kind === part.kind)
    if (isOpen) while (open.at(-1)?.mark.kind !== part.kind) asWords(open.pop())
    const frame = isOpen ? open.pop() : undefined
    if (part.closes && frame !== undefined && !isNorm(part.kind, frame.nodes)) {
      put({ type: part.kind, raw: frame.mark.raw + frame.nodes.map(({ raw }) => raw).join('') + part.raw, tokens: frame.nodes })
      continue
    }
    asWords(frame)
    if (part.opens) open.push({ mark: part, nodes: [] })
    else put(words(part.raw))
  }
  while (open.length > 0) asWords(open.pop())
  return base
}

const words = (raw: string): MarkdownNode => ({ type: 'text', raw, text: raw })
const isNorm = (kind: PairedKind, [first, ...more]: readonly MarkdownNode[]): boolean => kind === 'spoiler' && (first === undefined || (more.length === 0 && /^[A-Za-z]$/.test(first.raw)))

/** The same nodes, with what may be a mark cut out of the words around it. */
function withMarks(nodes: readonly MarkdownNode[]): (MarkdownNode | PairMark)[] {
  const apart = nodes.flatMap((node) => barsApart(node))
  return apart.flatMap((node, index): (MarkdownNode | PairMark)[] => {
    if (node.type === 'html' && /^<\/?u>$/i.test(node.raw)) {
      const opens = node.raw[1] !== '/'
      return [{ type: 'mark', kind: 'underline', raw: node.raw, opens, closes: !opens }]
    }
    if (node.type !== 'text' || node.tokens !== undefined) return [node]
    const parts: (MarkdownNode | PairMark)[] = []
    let from = 0
    for (const { index: at } of node.raw.matchAll(bars)) {
      const end = at + 2
      // Two units: a sign may be a pair of them. A mark at the edge of its words has its neighbour for one; `<u>` is none.
      const before = at > 0 ? node.raw.slice(Math.max(0, at - 2), at) : edgeOf(apart[index - 1]).slice(-2)
      const after = end < node.raw.length ? node.raw.slice(end, end + 2) : edgeOf(apart[index + 1]).slice(0, 2)
      const opens = /^\S/.test(end < node.raw.length ? after : (apart[index + 1]?.raw ?? '')) && opensBehind.test(before)
      const closes = /\S$/.test(at > 0 ? before : (apart[index - 1]?.raw ?? '')) && closesBefore.test(after)
      if (!opens && !closes) continue
      if (at > from) parts.push(words(node.raw.slice(from, at)))
      parts.push({ type: 'mark', kind: 'spoiler', raw: '||', opens, closes })
      from = end
    }
    if (from === 0) return [node]
    return from < node.raw.length ? [...parts, words(node.raw.slice(from))] : parts
  })
}

const edgeOf = (node: MarkdownNode | undefined): string => (node === undefined || (node.type === 'html' && /^<\/?u>$/i.test(node.raw)) ? '' : node.raw)

/** An address that is written as it is takes the bars behind it along. */
function barsApart(node: MarkdownNode): MarkdownNode[] {
  if (node.type !== 'link' || node.raw.startsWith('[') || node.raw.startsWith('<') || !node.raw.endsWith('||')) return [node]
  const without = (text: string): string => (text.endsWith('||') ? text.slice(0, -2) : text)
  const text = without(node.raw)
  return [{ ...node, raw: text, href: without(node.href), text: without(node.text), tokens: [words(text)] }, words('||')]
}
