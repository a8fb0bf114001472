import { type MarkdownNode, readMarkdown, resolveReferences, textWriter, writeMarkdown } from '@moltbot/contract'
import { Lexer } from 'marked'

/** CommonMark as words alone, as Messages shows them: dots for lists, lines for tables, addresses behind their words, no marks. */
export function renderPlain(markdown: string): string {
  const nodes = readMarkdown(markdown, (text) => new Lexer({ gfm: true }).lex(text) as MarkdownNode[])
  return nodes === undefined ? markdown.trim() : writeMarkdown(nodes, writer).trim()
}

/** What one message takes: Messages shows longer ones only in part. */
const messageLengthMax = 20_000

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderText(markdown: string): string {
  const rendered = renderPlain(markdown)
  return rendered === '' || rendered.length > messageLengthMax ? markdown : rendered
}

const writer = textWriter({
  blocks: (parts, parent) => parts.filter((part) => part !== '').join(parent === undefined ? '\n\n' : '\n'),
  quote: (inner) => inner.split('\n').map((line) => `> ${line}`).join('\n'),
  table: ({ header, rows }, line) =>
    [header, ...rows].map((row) => row.map(({ tokens }) => line(tokens).replace(/\s+/g, ' ').trim()).join(' | ')).join('\n'),
  link: (node, inner) => link(node.href, inner),
  image: ({ href, text }) => link(href, resolveReferences(text)),
})

function link(href: string, label: string): string {
  if (!/^(https?:\/\/|mailto:)/i.test(href) || !URL.canParse(href)) return label
  if (label.trim() === '') return href
  return label === href || `mailto:${label}` === href ? label : `${label} (${href})`
}
