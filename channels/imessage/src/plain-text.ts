import { isTangled, resolveReferences } from '@moltbot/contract'
import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked'

/** CommonMark as words alone, as Messages shows them: dots for lists, lines for tables, addresses behind their words, no marks. */
export function renderPlain(markdown: string): string {
  return isTangled(markdown) ? markdown.trim() : blocks(new Lexer({ gfm: true }).lex(markdown) as MarkedToken[], '\n\n').trim()
}

/** What one message takes: Messages shows longer ones only in part. */
const messageLengthMax = 20_000

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderText(markdown: string): string {
  const rendered = renderPlain(markdown)
  return rendered === '' || rendered.length > messageLengthMax ? markdown : rendered
}

function blocks(tokens: readonly MarkedToken[], separator: string): string {
  return tokens.map(block).filter((text) => text !== '').join(separator)
}

function block(token: MarkedToken): string {
  switch (token.type) {
    case 'space':
    case 'def':
      return ''
    case 'heading':
    case 'paragraph':
      return inline(token.tokens)
    case 'text':
      return token.tokens === undefined ? resolveReferences(token.text) : inline(token.tokens)
    case 'code':
      return token.text.replace(/(?<!\n)\n+$/, '')
    case 'blockquote':
      return blocks(token.tokens as MarkedToken[], '\n').split('\n').map((line) => `> ${line}`).join('\n')
    case 'list':
      return list(token)
    case 'table':
      return [token.header, ...token.rows].map((row) => row.map((cell) => inline(cell.tokens).replace(/\s+/g, ' ').trim()).join(' | ')).join('\n')
    case 'hr':
      return '———'
    case 'html':
      return token.text.trimEnd()
    default:
      return inline([token])
  }
}

function list(token: Tokens.List): string {
  const first = token.start === '' ? 1 : token.start
  return token.items
    .map((item, index) => {
      const marker = token.ordered ? `${first + index}.` : '•'
      const task = item.task ? (item.checked === true ? '☑ ' : '☐ ') : ''
      const body = blocks((item.tokens as MarkedToken[]).filter((part) => part.type !== 'checkbox'), '\n')
      return `${marker} ${task}${body.replace(/\n(?=[^\n])/g, `\n${' '.repeat(marker.length + 1)}`)}`.trimEnd()
    })
    .join(token.loose ? '\n\n' : '\n')
}

function inline(tokens: readonly Token[]): string {
  return (tokens as MarkedToken[]).map(span).join('')
}

function span(token: MarkedToken): string {
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return inline(token.tokens)
    case 'codespan':
    case 'escape':
      return token.text
    case 'br':
      return '\n'
    case 'link':
      return link(token.href, inline(token.tokens))
    case 'image':
      return link(token.href, resolveReferences(token.text))
    case 'text':
      return token.tokens === undefined ? resolveReferences(token.raw) : inline(token.tokens)
    default:
      return token.raw
  }
}

function link(href: string, label: string): string {
  if (!/^(https?:\/\/|mailto:)/i.test(href) || !URL.canParse(href)) return label
  if (label.trim() === '') return href
  return label === href || `mailto:${label}` === href ? label : `${label} (${href})`
}
