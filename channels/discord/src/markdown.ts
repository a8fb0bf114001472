import { backticksApart, enclose, fence, fenceLanguage, hasScheme, isBareLink, listLines, type MarkdownNode, readMarkdown, resolveReferences, textWriter, writeMarkdown } from '@moltbot/contract'
import { Lexer } from 'marked'

/**
 * CommonMark as the Markdown Discord shows: tables become code, deep headings bold, rules a line, images links, tasks boxes, nested
 * quotes one quote. Raw HTML but for pairs of `<u>` is shown as it was written. Links keep http and https; others are text. Nothing but hidden words becomes a spoiler.
 */
export function renderMarkdown(markdown: string): string {
  const nodes = readMarkdown(markdown, (text) => new Lexer({ gfm: true }).lex(text) as MarkdownNode[])
  return nodes === undefined ? fence(markdown) : writeMarkdown(nodes, writer).trim()
}

/** What Discord takes in one message. */
const messageLengthMax = 2_000

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderContent(markdown: string): string {
  const rendered = renderMarkdown(markdown)
  return rendered === '' || rendered.length > messageLengthMax ? markdown : rendered
}

const writer = textWriter({
  inline: (parts) => backticksApart(parts.join('')),
  heading(inner, depth) {
    if (inner.trim() === '') return ''
    return depth <= 3 ? `${'#'.repeat(depth)} ${inner}` : `**${inner.replaceAll('**', '')}**`
  },
  list: (items, loose) => listLines(items, loose, '-'),
  code: (text, info) => fence(text, fenceLanguage(info)),
  html: backticksApart,
  strong: (inner) => enclose(inner, '**'),
  em: (inner, raw) => enclose(inner, raw.startsWith('_') ? '_' : '*'),
  del: (inner) => enclose(inner, '~~'),
  // The line under them would end at the first two; the words are what counts.
  underline: (inner) => (inner.includes('__') ? inner : enclose(inner, '__')),
  // Discord looks for the end before it looks for code or escapes: no bar may come too early.
  spoiler: (inner) => enclose(inner.replaceAll(/\|(?=\||$)/g, '|\u200b'), '||'),
  codespan(text) {
    const mark = text.includes('`') ? '`` ' : '`'
    return `${mark}${backticksApart(text)}${[...mark].reverse().join('')}`
  },
  link: (node, inner) => link(node.href, isBareLink(node) ? node.text : inner),
  image: ({ href, text }) => link(href, words(text)),
  words,
  // Escapes are for Discord what they are in Markdown.
  escape: (_, raw) => raw,
  checkbox: (checked) => (checked ? '☑ ' : '☐ '),
})

/** A sign written by its number that is markup stays a sign. */
function words(text: string): string {
  return resolveReferences(text, (sign) => sign.replace(/[*_~`|\\]/, '\\$&')).replaceAll('||', '\\|\\|')
}

function link(href: string, label: string): string {
  if (!hasScheme(href, ['http:', 'https:'])) return label
  const target = href.replace(/[()\s]/g, encodeURIComponent).replaceAll('(', '%28').replaceAll(')', '%29')
  if (label.trim() === '' || label === href) return href
  // Discord shows a label that is itself an address, or holds brackets, as it was written: then both stand there.
  return /^https?:\/\//i.test(label) || /[[\]]/.test(label) ? `${label} (${target})` : `[${label}](${target})`
}
