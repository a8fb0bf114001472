import { isTangled, resolveReferences } from '@moltbot/contract'
import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked'

/**
 * CommonMark as the Markdown Discord shows: tables become code, deep headings bold, rules a line, images links, tasks boxes, nested
 * quotes one quote. Raw HTML is shown as it was written. Links keep http and https; others are text. Nothing becomes a spoiler.
 */
export function renderMarkdown(markdown: string): string {
  return isTangled(markdown) ? fence(markdown, undefined) : blocks(new Lexer({ gfm: true }).lex(markdown) as MarkedToken[]).trim()
}

/** What Discord takes in one message. */
const messageLengthMax = 2_000

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderContent(markdown: string): string {
  const rendered = renderMarkdown(markdown)
  return rendered === '' || rendered.length > messageLengthMax ? markdown : rendered
}

/** A sign written by its number that is markup stays a sign. */
function words(text: string): string {
  return resolveReferences(text, (sign) => sign.replace(/[*_~`|\\]/, '\\$&')).replaceAll('||', '\\|\\|')
}

function blocks(tokens: readonly MarkedToken[], separator = '\n\n'): string {
  return tokens.map(block).filter((text) => text !== '').join(separator)
}

function block(token: MarkedToken): string {
  switch (token.type) {
    case 'space':
    case 'def':
      return ''
    case 'heading': {
      const inner = inline(token.tokens)
      if (inner.trim() === '') return ''
      return token.depth <= 3 ? `${'#'.repeat(token.depth)} ${inner}` : `**${inner.replaceAll('**', '')}**`
    }
    case 'paragraph':
      return inline(token.tokens)
    case 'text':
      return token.tokens === undefined ? words(token.text) : inline(token.tokens)
    case 'code':
      return fence(token.text, token.lang)
    case 'blockquote':
      return blocks(token.tokens as MarkedToken[]).split('\n').map((line) => (line.startsWith('> ') ? line : `> ${line}`)).join('\n')
    case 'list':
      return list(token)
    case 'table':
      return fence(table(token), undefined)
    case 'hr':
      return '———'
    case 'html':
      return apart(token.text.trimEnd())
    default:
      return inline([token])
  }
}

/** Discord ends a fence at the first three backticks, however long it began: inside, a space without width keeps them apart. */
function fence(text: string, info: string | undefined): string {
  if (text.trim() === '') return ''
  const language = /^[A-Za-z0-9_+#.-]{1,32}/.exec(info ?? '')?.[0] ?? ''
  return `\`\`\`${language}\n${apart(text.replace(/(?<!\n)\n+$/, ''))}\n\`\`\``
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
      return wrap('**', inline(token.tokens))
    case 'em':
      return wrap(token.raw.startsWith('_') ? '_' : '*', inline(token.tokens))
    case 'del':
      return wrap('~~', inline(token.tokens))
    case 'br':
      return '\n'
    case 'link':
      return link(token.href, token.autolink === true || token.raw === token.href ? token.text : inline(token.tokens))
    case 'image':
      return link(token.href, words(token.text))
    case 'text':
      return token.tokens === undefined ? words(token.raw) : inline(token.tokens)
    case 'checkbox':
      return token.checked ? '☑ ' : '☐ '
    case 'codespan': {
      const mark = token.text.includes('`') ? '`` ' : '`'
      return `${mark}${apart(token.text)}${[...mark].reverse().join('')}`
    }
    // Escapes and HTML are for Discord what they are in Markdown.
    default:
      return token.raw
  }
}

function wrap(mark: string, inner: string): string {
  return inner.trim() === '' ? inner : `${mark}${inner}${mark}`
}

function link(href: string, label: string): string {
  let url: URL
  try {
    url = new URL(href)
  } catch {
    // Not an absolute address: there is nothing to open, the words stay.
    return label
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return label
  const target = href.replace(/[()\s]/g, encodeURIComponent).replaceAll('(', '%28').replaceAll(')', '%29')
  if (label.trim() === '' || label === href) return href
  // Discord shows a label that is itself an address, or holds brackets, as it was written: then both stand there.
  return /^https?:\/\//i.test(label) || /[[\]]/.test(label) ? `${label} (${target})` : `[${label}](${target})`
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
