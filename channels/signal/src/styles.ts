import { type MarkdownNode, type MarkdownWriter, unmarkedWords, readMarkdown, resolveReferences, tableLines, withoutLastBreaks, writeMarkdown } from '@moltbot/contract'
import { Lexer } from 'marked'

export type Style = 'BOLD' | 'ITALIC' | 'STRIKETHROUGH' | 'MONOSPACE' | 'SPOILER'

/** Plain words and where they look different: start and length count UTF-16 units, as Signal does. */
export interface StyledText { text: string; styles: { start: number; length: number; style: Style }[] }

/**
 * CommonMark as Signal shows it: words and ranges of bold, italic, struck, hidden and fixed width; Signal underlines nothing. Tables and code become fixed width, lists
 * dots, links words with the address behind them.
 */
export function renderStyles(markdown: string): StyledText {
  const page = createPage()
  const nodes = readMarkdown(markdown, (text) => new Lexer({ gfm: true }).lex(text) as MarkdownNode[])
  if (nodes === undefined) page.put(markdown)
  else writeMarkdown(nodes, writer)(page, '')
  return page.finish()
}

/** Signal carries longer words in a file beside the message, which its apps read up to 64 KiB of UTF-8. */
const messageBytesMax = 65_536

/** What goes out: the rendered form where it fits, else the words as they are, which were cut to fit. */
export function renderText(markdown: string): StyledText {
  const rendered = renderStyles(markdown)
  return rendered.text === '' || Buffer.byteLength(rendered.text) > messageBytesMax ? { text: markdown, styles: [] } : rendered
}

interface Page {
  put(text: string): void
  styled(style: Style, work: () => void): void
  finish(): StyledText
}

function createPage(): Page {
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

/** What puts itself on the page; every line after its first begins with `indent`. */
type Piece = (page: Page, indent: string) => void

const writer: MarkdownWriter<Piece> = {
  blocks: (parts, parent) => (page, indent) => parts.forEach((part, index) => {
    if (index > 0) page.put(parent === undefined ? '\n\n' : `\n${indent}`)
    part(page, indent)
  }),
  inline: (parts) => (page, indent) => parts.forEach((part) => part(page, indent)),
  heading: (inner) => styled('BOLD', inner),
  quote: (inner) => (page, indent) => {
    page.put('> ')
    inner(page, `${indent}> `)
  },
  list: (items, loose) => (page, indent) => items.forEach(({ number, box, body }, index) => {
    if (index > 0) page.put(`${loose ? '\n' : ''}\n${indent}`)
    const marker = number === undefined ? '• ' : `${number}. `
    page.put(marker + (box === undefined ? '' : `${box} `))
    body(page, `${indent}${' '.repeat(marker.length)}`)
  }),
  table: (node) => styled('MONOSPACE', text(tableLines(node))),
  code: (code) => styled('MONOSPACE', text(withoutLastBreaks(code))),
  rule: () => text('———'),
  html: text,
  strong: (inner) => styled('BOLD', inner),
  em: (inner) => styled('ITALIC', inner),
  del: (inner) => styled('STRIKETHROUGH', inner),
  underline: (inner) => inner,
  spoiler: (inner) => styled('SPOILER', inner),
  codespan: (code) => styled('MONOSPACE', text(code)),
  br: () => text('\n'),
  link: ({ href, tokens }) => link(href, unmarkedWords(tokens)),
  image: (node) => link(node.href, resolveReferences(node.text)),
  words: (words) => text(resolveReferences(words)),
  escape: text,
  checkbox: (_, raw) => text(raw),
  other: text,
}

function text(words: string): Piece {
  return (page, indent) => page.put(indent === '' ? words : words.replaceAll('\n', `\n${indent}`))
}

function styled(style: Style, inner: Piece): Piece {
  return (page, indent) => page.styled(style, () => inner(page, indent))
}

function link(href: string, label: string): Piece {
  const usable = /^(https?:\/\/|mailto:)/i.test(href) && URL.canParse(href)
  if (!usable) return text(label)
  const bare = label.trim() === '' || label === href || `mailto:${label}` === href
  return text(bare ? (label.trim() === '' ? href : label) : `${label} (${href})`)
}
