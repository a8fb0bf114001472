import { isTangled, resolveReferences } from '@moltbot/contract'
import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked'

/**
 * CommonMark as the marks WhatsApp shows: `*bold*`, `_italic_`, `~struck~`, code, quotes, lists. Headings become bold, tables code, rules a
 * line, links their words and address, images links, tasks boxes. Raw HTML is shown as it was written. Links keep http, https, mailto and tel.
 */
export function renderMarkdown(markdown: string): string {
  return isTangled(markdown) ? fence(markdown) : blocks(new Lexer({ gfm: true }).lex(markdown) as MarkedToken[]).trim()
}

/** What WhatsApp takes in one message, with room for a prefix. */
const messageLengthMax = 65_000

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderText(markdown: string): string {
  const rendered = renderMarkdown(markdown)
  return rendered === '' || rendered.length > messageLengthMax ? markdown : rendered
}

function blocks(tokens: readonly MarkedToken[], separator = '\n\n'): string {
  return tokens.map(block).filter((text) => text !== '').join(separator)
}

function block(token: MarkedToken): string {
  switch (token.type) {
    case 'space':
    case 'def':
      return ''
    case 'heading':
      return mark('*', inline(token.tokens).replaceAll('*', ''))
    case 'paragraph':
      return inline(token.tokens)
    case 'text':
      return token.tokens === undefined ? resolveReferences(token.text) : inline(token.tokens)
    case 'code':
      return fence(token.text)
    case 'blockquote':
      return blocks(token.tokens as MarkedToken[]).split('\n').map((line) => (line.startsWith('> ') ? line : `> ${line}`)).join('\n')
    case 'list':
      return list(token)
    case 'table':
      return fence(table(token))
    case 'hr':
      return '———'
    case 'html':
      return apart(token.text.trimEnd())
    default:
      return inline([token])
  }
}

/** WhatsApp ends a block of code at the first three backticks: inside, a space without width keeps them apart. */
function fence(text: string): string {
  return text.trim() === '' ? '' : `\`\`\`\n${apart(text.replace(/(?<!\n)\n+$/, ''))}\n\`\`\``
}

function list(token: Tokens.List): string {
  const first = token.start === '' ? 1 : token.start
  return token.items
    .map((item, index) => {
      const task = item.task ? (item.checked === true ? '☑ ' : '☐ ') : ''
      const marker = token.ordered ? `${first + index}.` : '-'
      const body = blocks((item.tokens as MarkedToken[]).filter((part) => part.type !== 'checkbox'), item.loose ? '\n\n' : '\n')
      return `${marker} ${task}${body.replace(/\n(?=[^\n])/g, `\n${' '.repeat(marker.length + 1)}`)}`.trimEnd()
    })
    .join(token.loose ? '\n\n' : '\n')
}

function table(token: Tokens.Table): string {
  const rows = [token.header, ...token.rows].map((row) => row.map((cell) => plain(cell.tokens).replace(/\s+/g, ' ').trim()))
  const widths = token.header.map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)))
  const line = (row: string[]): string =>
    row.map((text, column) => {
      const missing = ' '.repeat((widths[column] ?? 0) - [...text].length)
      return token.align[column] === 'right' ? missing + text : text + missing
    }).join(' | ').trimEnd()
  return [line(rows[0] ?? []), widths.map((width) => '-'.repeat(width)).join('-+-'), ...rows.slice(1).map(line)].join('\n')
}

/** Three backticks that open no code would open some all the same. */
function apart(text: string): string {
  return text.replaceAll(/``(?=`)/g, '``\u200b')
}

function inline(tokens: readonly Token[]): string {
  return apart((tokens as MarkedToken[]).map(span).join(''))
}

function span(token: MarkedToken): string {
  switch (token.type) {
    case 'strong':
      return mark('*', inline(token.tokens))
    case 'em':
      return mark('_', inline(token.tokens))
    case 'del':
      return mark('~', inline(token.tokens))
    case 'br':
      return '\n'
    case 'codespan':
      return `\`${token.text.replaceAll('`', "'")}\``
    case 'link':
      return link(token.href, token.autolink === true || token.raw === token.href ? token.text : inline(token.tokens))
    case 'image':
      return link(token.href, resolveReferences(token.text))
    case 'escape':
      return token.text
    case 'text':
      return token.tokens === undefined ? resolveReferences(token.raw) : inline(token.tokens)
    case 'checkbox':
      return token.checked ? '☑ ' : '☐ '
    default:
      return token.raw
  }
}

/** WhatsApp's marks stand close to the words, on one line. */
function mark(sign: string, inner: string): string {
  return inner.split('\n').map((line) => {
    const text = line.trim()
    return text === '' ? line : line.replace(text, () => `${sign}${text}${sign}`)
  }).join('\n')
}

function link(href: string, label: string): string {
  let url: URL
  try {
    url = new URL(href)
  } catch {
    // Not an absolute address: there is nothing to open, the words stay.
    return label
  }
  if (!['http:', 'https:', 'mailto:', 'tel:'].includes(url.protocol)) return label
  const target = href.replace(/\s/g, encodeURIComponent)
  return label.trim() === '' || label === href || `mailto:${label}` === href ? target.replace(/^mailto:/, '') : `${label} (${target})`
}

/** The words of inline Markdown without any markup. */
function plain(tokens: readonly Token[]): string {
  return (tokens as MarkedToken[])
    .map((token) => {
      if (token.type === 'br') return ' '
      if (token.type === 'codespan' || token.type === 'escape') return token.text
      if (token.type === 'text' || token.type === 'image') return resolveReferences(token.type === 'text' ? token.raw : token.text)
      if ('tokens' in token && token.tokens !== undefined) return plain(token.tokens)
      return token.raw
    })
    .join('')
}
