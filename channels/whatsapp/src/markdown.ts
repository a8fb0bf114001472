import { backticksApart, fence, hasScheme, isBareLink, listLines, type MarkdownNode, readMarkdown, resolveReferences, textWriter, writeMarkdown } from '@moltbot/contract'
import { Lexer } from 'marked'

/**
 * CommonMark as the marks WhatsApp shows: `*bold*`, `_italic_`, `~struck~`, code, quotes, lists. Headings become bold, tables code, rules a
 * line, links their words and address, images links, tasks boxes. Raw HTML is shown as it was written. Links keep http, https, mailto and tel.
 */
export function renderMarkdown(markdown: string): string {
  const nodes = readMarkdown(markdown, (text) => new Lexer({ gfm: true }).lex(text) as MarkdownNode[])
  return nodes === undefined ? fence(markdown) : writeMarkdown(nodes, writer).trim()
}

/** What WhatsApp takes in one message, with room for a prefix. */
const messageLengthMax = 65_000

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderText(markdown: string): string {
  const rendered = renderMarkdown(markdown)
  return rendered === '' || rendered.length > messageLengthMax ? markdown : rendered
}

const writer = textWriter({
  inline: (parts) => backticksApart(parts.join('')),
  heading: (inner) => mark('*', inner.replaceAll('*', '')),
  list: (items, loose) => listLines(items, loose, '-'),
  code: (text) => fence(text),
  html: backticksApart,
  strong: (inner) => mark('*', inner),
  em: (inner) => mark('_', inner),
  del: (inner) => mark('~', inner),
  codespan: (text) => `\`${text.replaceAll('`', "'")}\``,
  link: (node, inner) => link(node.href, isBareLink(node) ? node.text : inner),
  image: ({ href, text }) => link(href, resolveReferences(text)),
  checkbox: (checked) => (checked ? '☑ ' : '☐ '),
})

/** WhatsApp's marks stand close to the words, on one line. */
function mark(sign: string, inner: string): string {
  return inner.split('\n').map((line) => {
    const text = line.trim()
    return text === '' ? line : line.replace(text, () => `${sign}${text}${sign}`)
  }).join('\n')
}

function link(href: string, label: string): string {
  if (!hasScheme(href, ['http:', 'https:', 'mailto:', 'tel:'])) return label
  const target = href.replace(/\s/g, encodeURIComponent)
  return label.trim() === '' || label === href || `mailto:${label}` === href ? target.replace(/^mailto:/, '') : `${label} (${target})`
}
