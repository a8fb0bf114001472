import { Problem, type PageStep } from '@moltbot/contract'

/** One thing of a page as the accessibility tree has it. */
export interface PageNode {
  role?: string
  name?: string
  ref?: string
  text?: string
  url?: string
  children?: (PageNode | string)[]
  [state: string]: unknown
}

/** Names and texts longer than this are cut where they are shown and compared. */
const nameMax = 200
const textMax = 2_000
/** States that change what an act would do. */
const statesShown = ['checked', 'disabled', 'expanded', 'pressed', 'selected', 'level'] as const
/** Deeper things are shown at this depth: indentation is paid for. */
const depthMax = 12

/** All nodes in the order of the page. */
export function* nodesOf(tree: readonly (PageNode | string)[]): Generator<PageNode> {
  const waiting = [...tree].reverse()
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node === 'string') continue
    yield node
    waiting.push(...[...(node.children ?? [])].reverse())
  }
}

/** A thing in words: its kind and its name, as it is shown and as it must be named to act on it. */
export function wordsOf({ role = 'thing', name = '' }: Pick<PageNode, 'role' | 'name'>): string {
  const plain = oneLine(name, nameMax)
  return plain === '' ? role : `${role} "${plain}"`
}

/**
 * The tree as lines. Addresses are whole, so that they can be opened as they stand; what is no web address is left out. `hidden`: things whose
 * content is not shown (passwords).
 */
export function showTree(tree: readonly (PageNode | string)[], options: { base: string; hidden: ReadonlySet<string> }): string {
  const lines: string[] = []
  const show = (node: PageNode | string, depth: number): void => {
    const indent = '  '.repeat(Math.min(depth, depthMax))
    if (typeof node === 'string') {
      const words = oneLine(node, textMax)
      if (words !== '') lines.push(`${indent}- ${words}`)
      return
    }
    const { role = '', ref, text = '', children = [] } = node
    // What only holds others says nothing.
    const isBare = (role === 'generic' || role === '') && oneLine(node.name ?? '', nameMax) === '' && text === ''
    if (!isBare) {
      const states = statesShown.flatMap((state) => (node[state] === undefined || node[state] === false ? [] : [node[state] === true ? state : `${state}=${String(node[state])}`]))
      const shown = ref !== undefined && options.hidden.has(ref) ? '(not shown)' : oneLine(text, textMax)
      const address = node.url === undefined ? undefined : webAddress(node.url, options.base)
      lines.push([`${indent}- ${role === 'generic' ? oneLine(node.name ?? '', nameMax) : wordsOf(node)}`, ...(ref === undefined ? [] : [`[${ref}]`]), ...(states.length === 0 ? [] : [`(${states.join(', ')})`]), ...(address === undefined ? [] : [`<${address}>`])].join(' ') + (shown === '' ? '' : `: ${shown}`))
    }
    for (const child of children) show(child, isBare ? depth : depth + 1)
  }
  for (const node of tree) show(node, 0)
  return lines.join('\n')
}

/** The thing of a reference, if it is still what it was called. Throws `Problem('browser-ref-gone')`. */
export function findThing(tree: readonly (PageNode | string)[], { ref, what }: Pick<PageStep, 'ref' | 'what'>): PageNode {
  const plain = ref.replaceAll(/[[\]\s]/g, '')
  // It becomes part of a selector.
  const found = /^(?:f\d{1,6})?e\d{1,9}$/.test(plain) ? [...nodesOf(tree)].find((node) => node.ref === plain) : undefined
  if (found === undefined) throw new Problem('browser-ref-gone', `There is no ${plain.slice(0, 20)} on this page.`, { next: 'Take a snapshot and use the references in it.' })
  const words = wordsOf(found)
  if (comparable(what) !== comparable(words)) {
    throw new Problem('browser-ref-gone', `${plain} is ${words}, not what was named, and was left alone.`, { next: 'Take a snapshot; name the thing exactly as it stands before its reference.' })
  }
  return found
}

/** A host and port as they stand in addresses; undefined where there is none. */
export function hostOf(url: string): string | undefined {
  return /^https?:/i.test(url) && URL.canParse(url) ? new URL(url).host : undefined
}

function webAddress(url: string, base: string): string | undefined {
  try {
    const whole = new URL(url, base)
    return whole.protocol === 'http:' || whole.protocol === 'https:' ? whole.href.slice(0, 2_000) : undefined
  } catch {
    // Not an address: nothing can be opened by it.
    return undefined
  }
}

/** Control, direction-changing and invisible characters gone, white space as one space each. */
export function oneLine(text: string, max: number): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').replaceAll(/\p{C}/gu, '').trim()
  return plain.length > max ? `${plain.slice(0, max)}…` : plain
}

/** Quotes and their escapes are the first thing that gets lost in copying. */
function comparable(words: string): string {
  return words.replaceAll(/["'\\\s]+/g, ' ').trim()
}
