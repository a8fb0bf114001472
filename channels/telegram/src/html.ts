import { type Surroundings, enclose, fenceLanguage, hasScheme, type MarkdownNode, readMarkdown, resolveReferences, tableLines, textWriter, withoutLastBreaks, writeMarkdown, type WrittenItem } from '@moltbot/contract'
import { Lexer } from 'marked'

/**
 * Markdown as the HTML Telegram understands: only its tags, everything else escaped, always balanced. Tables become code,
 * headings bold, lists bullets. Raw HTML but for pairs of `<u>` is shown as it was written. Links keep http, https, tg and mailto; others are text.
 */
export function renderHtml(markdown: string): string {
  const nodes = readMarkdown(markdown, (text) => new Lexer({ gfm: true }).lex(text) as MarkdownNode[])
  return nodes === undefined ? escape(markdown.trim()) : writeMarkdown(nodes, writer).trim()
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

/** Telegram refuses links inside links, and bold inside bold; nested quotes are shown as one. */
const writer = textWriter({
  heading: (inner, _, around) => bold(inner, around),
  quote: (inner, around) => (around.includes('blockquote') ? inner : enclose(inner, '<blockquote>', '</blockquote>')),
  list,
  table: (node) => `<pre>${escape(tableLines(node))}</pre>`,
  code(text, info) {
    if (text.trim() === '') return ''
    const language = fenceLanguage(info)
    const body = escape(withoutLastBreaks(text))
    return language === undefined ? `<pre>${body}</pre>` : `<pre><code class="language-${language}">${body}</code></pre>`
  },
  strong: bold,
  em: (inner) => enclose(inner, '<i>', '</i>'),
  del: (inner) => enclose(inner, '<s>', '</s>'),
  underline: (inner) => enclose(inner, '<u>', '</u>'),
  // Telegram shows code that is hidden: it is plain words here.
  spoiler: (inner) => enclose(inner.replace(/<\/?code>/g, ''), '<tg-spoiler>', '</tg-spoiler>'),
  codespan: (text) => enclose(escape(text), '<code>', '</code>'),
  link: (node, inner, around) => link(node.href, node.autolink === true ? escape(node.text) : inner, around),
  image: (node, around) => link(node.href, words(node.text), around),
  words,
  escape,
  checkbox: (checked) => (checked ? '☑ ' : '☐ '),
  other: escape,
})

function words(text: string): string {
  return escape(resolveReferences(text))
}

function bold(inner: string, around: Surroundings): string {
  return around.includes('heading') || around.includes('strong') ? inner : enclose(inner, '<b>', '</b>')
}

function list(items: readonly WrittenItem<string>[], loose: boolean): string {
  return items
    .map(({ number, box, body }) => `${box ?? (number === undefined ? '•' : `${number}.`)} ${indent(body)}`.trimEnd())
    .join(loose ? '\n\n' : '\n')
}

/** Moves the lines after the first under their bullet, but leaves code alone: its spaces mean something. */
function indent(html: string): string {
  return html
    .split(/(<pre>[\s\S]*?<\/pre>)/)
    .map((piece) => (piece.startsWith('<pre>') ? piece : piece.replace(/\n(?=[^\n])/g, '\n  ').replace(/\n {2}$/, '\n')))
    .join('')
}

function link(href: string, label: string, around: Surroundings): string {
  if (around.includes('link') || !hasScheme(href, ['http:', 'https:', 'tg:', 'mailto:'])) return label
  if (label.trim() === '') return escape(href)
  return `<a href="${escape(href).replace(/"/g, '&quot;')}">${label}</a>`
}
