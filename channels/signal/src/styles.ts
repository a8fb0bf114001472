import { isTangled, resolveReferences } from '@moltbot/contract'
import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked'

export type Style = 'BOLD' | 'ITALIC' | 'STRIKETHROUGH' | 'MONOSPACE'

/** Plain words and where they look different: start and length count UTF-16 units, as Signal does. */
export interface StyledText { text: string; styles: { start: number; length: number; style: Style }[] }

/**
 * CommonMark as Signal shows it: words and ranges of bold, italic, struck and fixed width. Tables and code become fixed width, lists
 * dots, links words with the address behind them.
 */
export function renderStyles(markdown: string): StyledText {
  const writer = createWriter()
  if (isTangled(markdown)) writer.put(markdown)
  else blocks(new Lexer({ gfm: true }).lex(markdown) as MarkedToken[], writer, '', '\n\n')
  return writer.finish()
}

/** Signal carries longer words in a file beside the message, which its apps read up to 64 KiB of UTF-8. */
const messageBytesMax = 65_536

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderText(markdown: string): StyledText {
  const rendered = renderStyles(markdown)
  return rendered.text === '' || Buffer.byteLength(rendered.text) > messageBytesMax ? { text: markdown, styles: [] } : rendered
}

interface Writer {
  put(text: string): void
  styled(style: Style, work: () => void): void
  finish(): StyledText
}

function createWriter(): Writer {
  let text = ''
  const styles: StyledText['styles'] = []
  return {
    put: (more) => void (text += more),
    styled(style, work) {
      const start = text.length
      work()
      if (text.length > start) styles.push({ start, length: text.length - start, style })
    },
    finish() {
      const lead = text.length - text.trimStart().length
      const shown = text.trim()
      const fitting = styles.flatMap(({ start, length, style }) => {
        const from = Math.max(0, start - lead)
        const to = Math.min(shown.length, start - lead + length)
        return to > from ? [{ start: from, length: to - from, style }] : []
      })
      return { text: shown, styles: fitting.toSorted((a, b) => a.start - b.start) }
    },
  }
}

function blocks(tokens: readonly MarkedToken[], writer: Writer, indent: string, separator: string): void {
  let first = true
  for (const token of tokens) {
    if (token.type === 'space' || token.type === 'def') continue
    if (!first) writer.put(separator.replaceAll('\n', `\n${indent}`).replace(`\n${indent}\n`, '\n\n'))
    first = false
    block(token, writer, indent)
  }
}

function block(token: MarkedToken, writer: Writer, indent: string): void {
  switch (token.type) {
    case 'heading':
      return writer.styled('BOLD', () => inline(token.tokens, writer, indent))
    case 'paragraph':
      return inline(token.tokens, writer, indent)
    case 'text':
      return token.tokens === undefined ? put(resolveReferences(token.text), writer, indent) : inline(token.tokens, writer, indent)
    case 'code':
      return writer.styled('MONOSPACE', () => put(token.text.replace(/(?<!\n)\n+$/, ''), writer, indent))
    case 'blockquote':
      writer.put('> ')
      return blocks(token.tokens as MarkedToken[], writer, `${indent}> `, '\n')
    case 'list':
      return list(token, writer, indent)
    case 'table':
      return writer.styled('MONOSPACE', () => put(table(token), writer, indent))
    case 'hr':
      return writer.put('———')
    case 'html':
      return put(token.text.trimEnd(), writer, indent)
    default:
      return inline([token], writer, indent)
  }
}

function put(text: string, writer: Writer, indent: string): void {
  writer.put(indent === '' ? text : text.replaceAll('\n', `\n${indent}`))
}

function list(token: Tokens.List, writer: Writer, indent: string): void {
  const first = token.start === '' ? 1 : token.start
  token.items.forEach((item, index) => {
    if (index > 0) writer.put(`${token.loose ? '\n' : ''}\n${indent}`)
    const marker = token.ordered ? `${first + index}. ` : '• '
    writer.put(marker + (item.task ? (item.checked === true ? '☑ ' : '☐ ') : ''))
    blocks((item.tokens as MarkedToken[]).filter((part) => part.type !== 'checkbox'), writer, `${indent}${' '.repeat(marker.length)}`, '\n')
  })
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

function inline(tokens: readonly Token[], writer: Writer, indent: string): void {
  for (const token of tokens as MarkedToken[]) span(token, writer, indent)
}

function span(token: MarkedToken, writer: Writer, indent: string): void {
  switch (token.type) {
    case 'strong':
      return writer.styled('BOLD', () => inline(token.tokens, writer, indent))
    case 'em':
      return writer.styled('ITALIC', () => inline(token.tokens, writer, indent))
    case 'del':
      return writer.styled('STRIKETHROUGH', () => inline(token.tokens, writer, indent))
    case 'codespan':
      return writer.styled('MONOSPACE', () => put(token.text, writer, indent))
    case 'br':
      return writer.put(`\n${indent}`)
    case 'link':
      return link(token.href, plain(token.tokens), writer, indent)
    case 'image':
      return link(token.href, resolveReferences(token.text), writer, indent)
    case 'escape':
      return put(token.text, writer, indent)
    case 'text':
      return token.tokens === undefined ? put(resolveReferences(token.raw), writer, indent) : inline(token.tokens, writer, indent)
    default:
      return put(token.raw, writer, indent)
  }
}

function link(href: string, label: string, writer: Writer, indent: string): void {
  const usable = /^(https?:\/\/|mailto:)/i.test(href) && URL.canParse(href)
  if (!usable) return put(label, writer, indent)
  const bare = label.trim() === '' || label === href || `mailto:${label}` === href
  put(bare ? (label.trim() === '' ? href : label) : `${label} (${href})`, writer, indent)
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
