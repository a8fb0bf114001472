import { decodeCharacters } from './markdown-blocks.ts'

/** What is left of HTML that someone wrote into Markdown: text, elements without attributes, links and pictures by address. */
export type HtmlPiece =
  | { kind: 'text'; text: string }
  | { kind: 'element'; name: string; children: HtmlPiece[] }
  | { kind: 'link'; href: string; children: HtmlPiece[] }
  | { kind: 'picture'; href: string; alt: string }

/** How one tag is taken. `shown`: it is no tag to us and appears as the characters it is. */
export type Tag =
  | { kind: 'open'; name: string; raw: string }
  | { kind: 'close'; name: string }
  | { kind: 'alone'; name: 'br' | 'hr' }
  | { kind: 'link'; href: string; raw: string }
  | { kind: 'picture'; href: string; alt: string }
  | { kind: 'nothing' }
  | { kind: 'shown' }

const inlineNames = ['kbd', 'sub', 'sup', 'mark', 'u', 's', 'del', 'ins', 'b', 'strong', 'i', 'em', 'small', 'code', 'q', 'cite', 'abbr']
const kept = new Set([
  ...inlineNames, 'p', 'ul', 'ol', 'li', 'dl', 'dt', 'dd', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'blockquote', 'pre', 'details', 'summary',
])
/** Only arrange or colour; what is inside stays. */
const seenThrough = new Set(['div', 'span', 'center', 'font', 'section', 'article', 'header', 'footer', 'figure', 'figcaption', 'picture', 'big', 'tfoot', 'caption'])
const bold = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6'])

const tagPattern = /<!--[\s\S]*?(?:-->|$)|<\/?[a-z][a-z0-9]*(?:\s(?:[^<>"']|"[^"]*"|'[^']*')*)?\/?>/gi

function attribute(raw: string, name: string): string {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(raw)
  return decodeCharacters(found?.[1] ?? found?.[2] ?? found?.[3] ?? '')
}

/** Reads one tag as it was written. Attributes other than an address and a picture's words are never looked at. */
export function readTag(raw: string): Tag {
  if (raw.startsWith('<!--')) return { kind: 'nothing' }
  const [, slash, given] = /^<(\/?)([a-z][a-z0-9]*)/i.exec(raw) ?? []
  if (given === undefined) return { kind: 'shown' }
  const name = given.toLowerCase()
  const element = bold.has(name) ? 'strong' : name
  if (name === 'br' || name === 'hr') return { kind: 'alone', name }
  if (slash === '/') return kept.has(element) || name === 'a' ? { kind: 'close', name: element } : seenThrough.has(name) ? { kind: 'nothing' } : { kind: 'shown' }
  if (kept.has(element)) return { kind: 'open', name: element, raw }
  if (seenThrough.has(name)) return { kind: 'nothing' }
  if (name === 'a') return { kind: 'link', href: attribute(raw, 'href'), raw }
  if (name === 'img') return { kind: 'picture', href: attribute(raw, 'src'), alt: attribute(raw, 'alt') }
  return { kind: 'shown' }
}

/**
 * Reads a block of HTML without an HTML parser: there is no document in which a trick could come to life. What is not on
 * the short list of plain elements stays visible as text.
 */
export function readHtml(html: string): HtmlPiece[] {
  const top: HtmlPiece[] = []
  const open: { name: string; children: HtmlPiece[] }[] = []
  const here = (): HtmlPiece[] => open[open.length - 1]?.children ?? top
  const say = (text: string): void => {
    if (text !== '') here().push({ kind: 'text', text: decodeCharacters(text) })
  }
  let at = 0
  for (const match of html.matchAll(tagPattern)) {
    say(html.slice(at, match.index))
    at = match.index + match[0].length
    const tag = readTag(match[0])
    switch (tag.kind) {
      case 'open': {
        const children: HtmlPiece[] = []
        here().push({ kind: 'element', name: tag.name, children })
        open.push({ name: tag.name, children })
        break
      }
      case 'link': {
        const children: HtmlPiece[] = []
        here().push({ kind: 'link', href: tag.href, children })
        open.push({ name: 'a', children })
        break
      }
      case 'close': {
        const index = open.findLastIndex((element) => element.name === tag.name)
        if (index !== -1) open.length = index
        break
      }
      case 'alone':
        here().push({ kind: 'element', name: tag.name, children: [] })
        break
      case 'picture':
        here().push(tag)
        break
      case 'shown':
        here().push({ kind: 'text', text: match[0] })
        break
      case 'nothing':
        break
    }
  }
  say(html.slice(at))
  return top
}
