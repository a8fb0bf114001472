/** The HTML mode of the Bot API, as strict as the real one: what it refuses is refused with its words. */
export interface Entity { type: string; offset: number; length: number; url?: string; language?: string }
export type Parsed = { ok: true; text: string; entities: Entity[] } | { ok: false; description: string }

const entityOf: Record<string, string> = {
  b: 'bold', strong: 'bold', i: 'italic', em: 'italic', u: 'underline', ins: 'underline', s: 'strikethrough', strike: 'strikethrough', del: 'strikethrough',
  code: 'code', pre: 'pre', blockquote: 'blockquote', a: 'text_link', 'tg-spoiler': 'spoiler', span: 'spoiler', 'tg-emoji': 'custom_emoji',
}

interface Open { tag: string; offset: number; attributes: Record<string, string>; at: number }

export function parseHtml(html: string): Parsed {
  let text = ''
  const entities: Entity[] = []
  const stack: Open[] = []
  const byteAt = (index: number): number => Buffer.byteLength(html.slice(0, index))
  const refuse = (reason: string): Parsed => ({ ok: false, description: `Bad Request: can't parse entities: ${reason}` })

  for (let at = 0; at < html.length; ) {
    const char = html[at]
    if (char === '&') {
      const reference = /^&(?:(lt|gt|amp|quot)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/.exec(html.slice(at, at + 12))
      if (reference === null) {
        text += char
        at += 1
        continue
      }
      const [whole, name, decimal, hex] = reference
      text += name !== undefined ? { lt: '<', gt: '>', amp: '&', quot: '"' }[name as 'lt'] : String.fromCodePoint(decimal !== undefined ? Number(decimal) : Number.parseInt(hex ?? '0', 16))
      at += whole.length
      continue
    }
    if (char !== '<') {
      text += char
      at += 1
      continue
    }
    const begin = at
    const close = /^<\/([A-Za-z0-9-]*)\s*>/.exec(html.slice(at))
    if (close !== null) {
      const tag = (close[1] ?? '').toLowerCase()
      const open = stack.pop()
      if (open === undefined) return refuse(`Unexpected end tag at byte offset ${byteAt(begin)}`)
      if (tag !== '' && tag !== open.tag) return refuse(`Unmatched end tag at byte offset ${byteAt(begin)}, expected "</${open.tag}>", found "</${tag}>"`)
      at += close[0].length
      finish(open)
      continue
    }
    const start = /^<([A-Za-z][A-Za-z0-9-]*)((?:\s+[A-Za-z-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)\s*>/.exec(html.slice(at))
    if (start === null) {
      const name = /^<([A-Za-z0-9-]*)/.exec(html.slice(at))?.[1] ?? ''
      if (name === '') return refuse(`Unsupported start tag "" at byte offset ${byteAt(begin)}`)
      return refuse(entityOf[name.toLowerCase()] === undefined ? `Unsupported start tag "${name}" at byte offset ${byteAt(begin)}` : `Unclosed start tag at byte offset ${byteAt(begin)}`)
    }
    const tag = (start[1] ?? '').toLowerCase()
    if (entityOf[tag] === undefined) return refuse(`Unsupported start tag "${tag}" at byte offset ${byteAt(begin)}`)
    const attributes: Record<string, string> = {}
    for (const [, name, double, single, bare] of (start[2] ?? '').matchAll(/([A-Za-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)) {
      attributes[(name ?? '').toLowerCase()] = (double ?? single ?? bare ?? '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&amp;/g, '&')
    }
    if (tag === 'span' && attributes.class !== 'tg-spoiler') return refuse(`Tag "span" must have class "tg-spoiler" at byte offset ${byteAt(begin)}`)
    stack.push({ tag, offset: text.length, attributes, at: begin })
    at += start[0].length
  }
  const left = stack.at(-1)
  if (left !== undefined) return refuse(`Can't find end tag corresponding to start tag "${left.tag}"`)
  return { ok: true, text, entities: entities.sort((a, b) => a.offset - b.offset || b.length - a.length) }

  function finish(open: Open): void {
    const length = text.length - open.offset
    const type = entityOf[open.tag] ?? open.tag
    if (length === 0) return
    const entity: Entity = { type, offset: open.offset, length }
    if (open.tag === 'a') {
      const href = open.attributes.href ?? text.slice(open.offset)
      // An address Telegram can't use is dropped without a word, the text stays.
      if (!/^(https?|tg|mailto|tel|ton):/i.test(href)) return
      entity.url = href
    }
    if (open.tag === 'code' && stack.at(-1)?.tag === 'pre') {
      const language = /^language-(.+)$/.exec(open.attributes.class ?? '')?.[1]
      if (language !== undefined) Object.assign(stack.at(-1)?.attributes ?? {}, { language })
      return
    }
    if (open.tag === 'pre' && open.attributes.language !== undefined) entity.language = open.attributes.language
    entities.push(entity)
  }
}

/** What Telegram itself finds in a text people write: commands, mentions, links. */
export function findEntities(text: string): Entity[] {
  const entities: Entity[] = []
  const add = (type: string, pattern: RegExp): void => {
    for (const match of text.matchAll(pattern)) entities.push({ type, offset: match.index + (match[1]?.length ?? 0), length: match[0].length - (match[1]?.length ?? 0) })
  }
  add('bot_command', /(^|\s)\/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?(?=$|[^A-Za-z0-9_@])/g)
  add('mention', /(^|[^A-Za-z0-9_/])@[A-Za-z0-9_]{3,32}/g)
  add('url', /(^|\s)https?:\/\/[^\s]+/g)
  return entities.sort((a, b) => a.offset - b.offset)
}
