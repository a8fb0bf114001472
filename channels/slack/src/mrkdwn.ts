import { isTangled, resolveReferences } from '@moltbot/contract'
import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked'

/**
 * CommonMark as Slack's mrkdwn: headings bold, lists with dots, tables code, images links. Every `&`, `<` and `>` of the words is
 * escaped, so that nothing in them becomes a link, a mention or `@channel`. Links keep http, https and mailto; others are text.
 */
export function renderMrkdwn(markdown: string): string {
  return isTangled(markdown) ? fence(markdown) : blocks(new Lexer({ gfm: true }).lex(markdown) as MarkedToken[]).trim()
}

/** What Slack takes in one message before it cuts. */
const messageLengthMax = 40_000

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderText(markdown: string): string {
  const rendered = renderMrkdwn(markdown)
  return rendered === '' || rendered.length > messageLengthMax ? escapeText(markdown) : rendered
}

/** The three signs Slack reads as its own. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

const words = (text: string): string => escapeText(resolveReferences(text))

function blocks(tokens: readonly MarkedToken[], separator = '\n\n'): string {
  return tokens.map(block).filter((text) => text !== '').join(separator)
}

function block(token: MarkedToken): string {
  switch (token.type) {
    case 'space':
    case 'def':
      return ''
    case 'heading':
      return wrap('*', inline(token.tokens).replaceAll('*', ''))
    case 'paragraph':
      return inline(token.tokens)
    case 'text':
      return token.tokens === undefined ? words(token.text) : inline(token.tokens)
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
      return escapeText(apart(token.text.trimEnd()))
    default:
      return inline([token])
  }
}

/** Slack's code has no language, and ends at the first three backticks: inside, a space without width keeps them apart. */
function fence(text: string): string {
  if (text.trim() === '') return ''
  return `\`\`\`\n${escapeText(apart(text.replace(/(?<!\n)\n+$/, '')))}\n\`\`\``
}

function list(token: Tokens.List): string {
  const first = token.start === '' ? 1 : token.start
  return token.items
    .map((item, index) => {
      const task = item.task ? (item.checked === true ? '☑ ' : '☐ ') : ''
      const marker = token.ordered ? `${first + index}.` : '•'
      const body = blocks((item.tokens as MarkedToken[]).filter((part) => part.type !== 'checkbox'), item.loose ? '\n\n' : '\n')
      return `${marker} ${task}${body.replace(/\n(?=[^\n])/g, '\n    ')}`.trimEnd()
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
      return wrap('*', inline(token.tokens))
    case 'em':
      return wrap('_', inline(token.tokens))
    case 'del':
      return wrap('~', inline(token.tokens))
    case 'codespan':
      return token.text.trim() === '' ? escapeText(token.raw) : `\`${escapeText(token.text.replaceAll('`', "'"))}\``
    case 'br':
      return '\n'
    case 'link':
      return link(token.href, token.autolink === true || token.raw === token.href ? token.text : plain(token.tokens))
    case 'image':
      return link(token.href, resolveReferences(token.text))
    case 'escape':
      return escapeText(token.text)
    case 'text':
      return token.tokens === undefined ? words(token.raw) : inline(token.tokens)
    default:
      return escapeText(token.raw)
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
    return escapeText(label)
  }
  if (!['http:', 'https:', 'mailto:'].includes(url.protocol)) return escapeText(label)
  // Between the brackets these would end the address.
  const target = escapeText(href.replace(/\s/g, encodeURIComponent)).replaceAll('|', '%7C')
  const shown = label.replace(/\s+/g, ' ').trim()
  return shown === '' || shown === href ? `<${target}>` : `<${target}|${escapeText(shown.replaceAll('|', '¦'))}>`
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

const escaped: Record<string, string> = { amp: '&', lt: '<', gt: '>' }

/** Names for the ids in a text; undefined: nobody knows, the id stays. */
export interface Names { user(id: string): string | undefined; channel(id: string): string | undefined }

/** A message's text as a person reads it: names in place of ids, links as Markdown, escaped signs as themselves. */
export function readMrkdwn(text: string, names: Names): string {
  return text.replace(/<([^<>\n]*)>|&(amp|lt|gt);/g, (whole, inside?: string, entity?: string) =>
    entity === undefined ? reference(inside ?? '', whole, names) : (escaped[entity] ?? whole))
}

const unescape = (text: string): string => text.replace(/&(amp|lt|gt);/g, (whole, name: string) => escaped[name] ?? whole)

function reference(inside: string, whole: string, names: Names): string {
  const bar = inside.indexOf('|')
  const target = bar < 0 ? inside : inside.slice(0, bar)
  const label = bar < 0 ? '' : oneLine(unescape(inside.slice(bar + 1)), 200)
  const id = target.slice(1)
  switch (target[0]) {
    case '@':
      return `@${oneLine(names.user(id) ?? (label === '' ? id : label), 80)}`
    case '#':
      return `#${oneLine(names.channel(id) ?? (label === '' ? id : label), 100)}`
    case '!': {
      const name = id.split('^', 1)[0] ?? ''
      if (label !== '') return name === 'date' || label.startsWith('@') ? label : `@${label}`
      return `@${name}`
    }
    default:
      break
  }
  const address = unescape(target)
  if (!/^(https?:\/\/|mailto:|tel:)/i.test(address)) return unescape(whole)
  const shown = address.replace(/^(mailto|tel):/i, '')
  // Slack makes links of what merely looks like one (`example.org`): the person wrote the label.
  if (label === '' || label === address || label === shown) return shown
  if (address === `http://${label}` || address === `https://${label}`) return label
  return `[${label.replace(/[[\]]/g, ' ')}](${address})`
}

/** Names and titles are the sender's words: kept on one line so that they cannot pose as anything else. */
export function oneLine(text: string, max: number): string {
  return text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}\]]+/gu, ' ').trim().slice(0, max)
}
