import { backticksApart, enclose, fence, hasScheme, isBareLink, listLines, type MarkdownNode, unmarkedWords, readMarkdown, resolveReferences, textWriter, writeMarkdown } from '@moltbot/contract'
import { Lexer } from 'marked'

/**
 * CommonMark as Slack's mrkdwn: headings bold, lists with dots, tables code, images links. Every `&`, `<` and `>` of the words is
 * escaped, so that nothing in them becomes a link, a mention or `@channel`. Links keep http, https and mailto; others are text.
 */
export function renderMrkdwn(markdown: string): string {
  const nodes = readMarkdown(markdown, (text) => new Lexer({ gfm: true }).lex(text) as MarkdownNode[])
  return nodes === undefined ? code(markdown) : writeMarkdown(nodes, writer).trim()
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

const code = (text: string): string => escapeText(fence(text))

const writer = textWriter({
  inline: (parts) => backticksApart(parts.join('')),
  heading: (inner) => enclose(inner.replaceAll('*', ''), '*'),
  list: (items, loose) => listLines(items, loose, '•', 4),
  code,
  html: (text) => escapeText(backticksApart(text)),
  strong: (inner) => enclose(inner, '*'),
  em: (inner) => enclose(inner, '_'),
  del: (inner) => enclose(inner, '~'),
  codespan: (text, raw) => (text.trim() === '' ? escapeText(raw) : `\`${escapeText(text.replaceAll('`', "'"))}\``),
  link: (node) => link(node.href, isBareLink(node) ? node.text : unmarkedWords(node.tokens)),
  image: ({ href, text }) => link(href, resolveReferences(text)),
  words: (text) => escapeText(resolveReferences(text)),
  escape: escapeText,
  other: escapeText,
})

function link(href: string, label: string): string {
  if (!hasScheme(href, ['http:', 'https:', 'mailto:'])) return escapeText(label)
  // Between the brackets these would end the address.
  const target = escapeText(href.replace(/\s/g, encodeURIComponent)).replaceAll('|', '%7C')
  const shown = label.replace(/\s+/g, ' ').trim()
  return shown === '' || shown === href ? `<${target}>` : `<${target}|${escapeText(shown.replaceAll('|', '¦'))}>`
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
