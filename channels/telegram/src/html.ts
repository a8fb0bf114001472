import { isTangled, resolveReferences } from '@moltbot/contract'
import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked'

/** Where we are in the tree: Telegram refuses links inside links and styles inside code, and nested quotes are shown as one. */
interface Place { link: boolean; bold: boolean; quote: boolean }
const top: Place = { link: false, bold: false, quote: false }

/**
 * Markdown as the HTML Telegram understands: only its tags, everything else escaped, always balanced. Tables become code,
 * headings bold, lists bullets. Raw HTML is shown as it was written. Links keep http, https, tg and mailto; others are text.
 */
export function renderHtml(markdown: string): string {
  return isTangled(markdown) ? escape(markdown.trim()) : blocks(new Lexer({ gfm: true }).lex(markdown) as MarkedToken[], top).trim()
}

/** What Telegram takes in one message, counted after rendering. */
const messageLengthMax = 4_096

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderText(markdown: string, lengthMax = messageLengthMax): { text: string; parse_mode?: 'HTML' } {
  const html = renderHtml(markdown)
  const length = visibleLength(html)
  return length === 0 || length > lengthMax ? { text: markdown } : { text: html, parse_mode: 'HTML' }
}

/** How many UTF-16 units Telegram counts: the text that stays when tags are taken away. */
export function visibleLength(html: string): number {
  return html.replace(/<[^>]*>/g, '').replace(/&(?:lt|gt|amp|quot);/g, '.').length
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

function blocks(tokens: readonly MarkedToken[], place: Place): string {
  const parts: string[] = []
  for (const token of tokens) {
    const text = block(token, place)
    if (text !== '') parts.push(text)
  }
  return parts.join('\n\n')
}

function block(token: MarkedToken, place: Place): string {
  switch (token.type) {
    case 'space':
    case 'def':
      return ''
    case 'heading':
      return place.bold ? inline(token.tokens, place) : wrap('b', inline(token.tokens, { ...place, bold: true }))
    case 'paragraph':
      return inline(token.tokens, place)
    case 'text':
      return token.tokens === undefined ? escape(resolveReferences(token.text)) : inline(token.tokens, place)
    case 'code':
      return fence(token.text, token.lang)
    case 'blockquote': {
      const inner = blocks(token.tokens as MarkedToken[], { ...place, quote: true })
      return place.quote ? inner : wrap('blockquote', inner)
    }
    case 'list':
      return list(token, place)
    case 'table':
      return table(token)
    case 'hr':
      return '———'
    case 'html':
      return escape(token.text.trimEnd())
    default:
      return inline([token], place)
  }
}

function wrap(tag: string, inner: string): string {
  return inner.trim() === '' ? inner : `<${tag}>${inner}</${tag}>`
}

function fence(text: string, info: string | undefined): string {
  if (text.trim() === '') return ''
  const language = /^[A-Za-z0-9_+#.-]{1,32}/.exec(info ?? '')?.[0]
  const body = escape(text.replace(/(?<!\n)\n+$/, ''))
  return language === undefined ? `<pre>${body}</pre>` : `<pre><code class="language-${language}">${body}</code></pre>`
}

function list(token: Tokens.List, place: Place): string {
  const first = token.start === '' ? 1 : token.start
  return token.items
    .map((item, index) => {
      const marker = item.task ? (item.checked === true ? '☑' : '☐') : token.ordered ? `${first + index}.` : '•'
      const body = (item.tokens as MarkedToken[])
        .filter((part) => part.type !== 'checkbox')
        .map((part) => block(part, place))
        .filter((part) => part !== '')
        .join(item.loose ? '\n\n' : '\n')
      return `${marker} ${indent(body)}`.trimEnd()
    })
    .join(token.loose ? '\n\n' : '\n')
}

/** Moves the lines after the first under their bullet, but leaves code alone: its spaces mean something. */
function indent(html: string): string {
  return html
    .split(/(<pre>[\s\S]*?<\/pre>)/)
    .map((piece) => (piece.startsWith('<pre>') ? piece : piece.replace(/\n(?=[^\n])/g, '\n  ').replace(/\n {2}$/, '\n')))
    .join('')
}

function table(token: Tokens.Table): string {
  const rows = [token.header, ...token.rows].map((row) => row.map((cell) => plain(cell.tokens).replace(/\s+/g, ' ').trim()))
  const widths = token.header.map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)))
  const line = (row: string[]): string =>
    row
      .map((text, column) => {
        const missing = (widths[column] ?? 0) - [...text].length
        return token.align[column] === 'right' ? ' '.repeat(missing) + text : text + ' '.repeat(missing)
      })
      .join(' | ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('-+-')
  return `<pre>${escape([line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join('\n'))}</pre>`
}

function inline(tokens: readonly Token[], place: Place): string {
  return (tokens as MarkedToken[]).map((token) => span(token, place)).join('')
}

function span(token: MarkedToken, place: Place): string {
  switch (token.type) {
    case 'strong':
      return place.bold ? inline(token.tokens, place) : wrap('b', inline(token.tokens, { ...place, bold: true }))
    case 'em':
      return wrap('i', inline(token.tokens, place))
    case 'del':
      return wrap('s', inline(token.tokens, place))
    case 'codespan':
      return wrap('code', escape(token.text))
    case 'br':
      return '\n'
    case 'link':
      return link(token.href, token.autolink === true ? escape(token.text) : inline(token.tokens, { ...place, link: true }), place)
    case 'image':
      return link(token.href, escape(resolveReferences(token.text)), place)
    case 'text':
      return token.tokens === undefined ? escape(resolveReferences(token.raw)) : inline(token.tokens, place)
    case 'escape':
      return escape(token.text)
    case 'html':
      return escape(token.raw)
    case 'checkbox':
      return token.checked ? '☑ ' : '☐ '
    default:
      return escape(token.raw)
  }
}

const linkSchemes = new Set(['http:', 'https:', 'tg:', 'mailto:'])

function link(href: string, label: string, place: Place): string {
  if (place.link) return label
  let target: string
  try {
    const url = new URL(href)
    if (!linkSchemes.has(url.protocol)) return label
    target = href
  } catch {
    // Not an absolute address: there is nothing Telegram could open, the words stay.
    return label
  }
  if (label.trim() === '') return escape(href)
  return `<a href="${escape(target).replace(/"/g, '&quot;')}">${label}</a>`
}

/** The words of inline Markdown without any markup. */
function plain(tokens: readonly Token[]): string {
  return (tokens as MarkedToken[])
    .map((token) => {
      if (token.type === 'br') return ' '
      if (token.type === 'text' || token.type === 'escape' || token.type === 'codespan' || token.type === 'image') {
        return token.type === 'codespan' ? token.text : resolveReferences(token.type === 'text' ? token.raw : token.text)
      }
      if ('tokens' in token && token.tokens !== undefined) return plain(token.tokens)
      return token.raw
    })
    .join('')
}
