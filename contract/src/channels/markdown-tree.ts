import { resolveReferences } from '../character-references.ts'
import { pairMarks } from './paired-marks.ts'

/** A node of the tree a reader of Markdown makes: what of it a network may want. Only the reader knows more of it. Underlined and hidden words are found on the walk. */
export type MarkdownNode = { raw: string } & (
  | { type: 'space' | 'def' | 'hr' | 'br' }
  | { type: 'heading', depth: number, tokens: MarkdownNode[] }
  | { type: 'blockquote', tokens: MarkdownNode[] }
  | { type: 'paragraph' | 'strong' | 'em' | 'del' | 'underline' | 'spoiler', tokens: MarkdownNode[] }
  | { type: 'text', text: string, tokens?: MarkdownNode[] }
  | { type: 'code', text: string, lang?: string }
  | { type: 'html' | 'codespan' | 'escape', text: string }
  | { type: 'image', href: string, text: string }
  | { type: 'link', href: string, text: string, autolink?: boolean, tokens: MarkdownNode[] }
  | { type: 'checkbox', checked: boolean }
  | MarkdownList
  | MarkdownItem
  | MarkdownTable
)
type MarkdownList = { type: 'list', ordered: boolean, start: number | '', loose: boolean, items: (MarkdownItem & { raw: string })[] }
type MarkdownItem = { type: 'list_item', task: boolean, checked?: boolean, loose: boolean, tokens: MarkdownNode[] }
type MarkdownTable = { type: 'table', header: MarkdownCell[], rows: MarkdownCell[][], align: ('center' | 'left' | 'right' | null)[] }
type MarkdownCell = { tokens: MarkdownNode[] }

/** A node of one kind. */
export type MarkdownOf<Type extends MarkdownNode['type']> = Extract<MarkdownNode, { type: Type }>

/** The kinds of nodes a node stands in, outermost first; quotes, headings, bold, underlined and hidden words and links alone. */
export type Surroundings = readonly ('blockquote' | 'heading' | 'strong' | 'underline' | 'spoiler' | 'link')[]

/** An item of a list, written: its number or undefined, its box or undefined, and what is in it. */
export interface WrittenItem<Written> { number: number | undefined; box: '☑' | '☐' | undefined; body: Written; loose: boolean }

/**
 * What a network writes for each kind of node. `inner` is what it wrote for what is inside. `Written` is whatever it writes: text, or text and
 * ranges.
 */
export interface MarkdownWriter<Written> {
  /** Blocks that follow each other, in a document (undefined), a quote or an item. */
  blocks(parts: Written[], parent: MarkdownOf<'blockquote' | 'list_item'> | undefined): Written
  /** What follows each other on a line. */
  inline(parts: Written[]): Written
  heading(inner: Written, depth: number, around: Surroundings): Written
  quote(inner: Written, around: Surroundings): Written
  list(items: WrittenItem<Written>[], loose: boolean): Written
  /** `line` writes what is in a cell. */
  table(node: MarkdownOf<'table'>, line: (nodes: readonly MarkdownNode[]) => Written): Written
  /** `info`: what stands behind the fence's opening. Empty lines at the end are the writer's to drop. */
  code(text: string, info: string | undefined): Written
  rule(): Written
  /** Raw HTML that stands as a block. Within a line it comes by `other`. */
  html(text: string): Written
  strong(inner: Written, around: Surroundings): Written
  em(inner: Written, raw: string): Written
  del(inner: Written): Written
  /** Never within itself. */
  underline(inner: Written): Written
  /** Hidden until somebody taps it. Never within itself. */
  spoiler(inner: Written): Written
  codespan(text: string, raw: string): Written
  br(): Written
  link(node: MarkdownOf<'link'>, inner: Written, around: Surroundings): Written
  image(node: MarkdownOf<'image'>, around: Surroundings): Written
  /** Words as they were written: character references are still in them. */
  words(text: string): Written
  /** A sign that was escaped, without its backslash; `raw` has it. */
  escape(sign: string, raw: string): Written
  /** A box that stands in the line itself. */
  checkbox(checked: boolean, raw: string): Written
  /** Whatever else stands in a line, as it was written. */
  other(raw: string): Written
}

/** What is in an item, without the box that is written before it: it stands in the item itself, or in the first paragraph of a loose one. */
function withoutBox(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  const [first, ...rest] = nodes.filter(({ type }) => type !== 'checkbox')
  if (first?.type !== 'paragraph') return first === undefined ? [] : [first, ...rest]
  return [{ ...first, tokens: first.tokens.filter(({ type }) => type !== 'checkbox') }, ...rest]
}

/** One walk over the tree, from the leaves to the root. As deep as the tree is: what `isTangled` must not come here. */
export function writeMarkdown<Written>(nodes: readonly MarkdownNode[], writer: MarkdownWriter<Written>): Written {
  function blocks(children: readonly MarkdownNode[], around: Surroundings, parent?: MarkdownOf<'blockquote' | 'list_item'>): Written {
    return writer.blocks(children.filter(({ type }) => type !== 'space' && type !== 'def').map((node) => block(node, around)), parent)
  }

  function line(children: readonly MarkdownNode[], around: Surroundings): Written {
    return writer.inline(pairMarks(children).map((node) => span(node, around)))
  }

  function block(node: MarkdownNode, around: Surroundings): Written {
    switch (node.type) {
      case 'heading':
        return writer.heading(line(node.tokens, [...around, 'heading']), node.depth, around)
      case 'paragraph':
        return line(node.tokens, around)
      case 'text':
        return node.tokens === undefined ? writer.words(node.text) : line(node.tokens, around)
      case 'code':
        return writer.code(node.text, node.lang)
      case 'blockquote':
        return writer.quote(blocks(node.tokens, [...around, 'blockquote'], node), around)
      case 'list': {
        const first = node.start === '' ? 1 : node.start
        return writer.list(node.items.map((item, index) => ({
          number: node.ordered ? first + index : undefined,
          box: item.task ? (item.checked === true ? '☑' : '☐') : undefined,
          body: blocks(withoutBox(item.tokens), around, item),
          loose: item.loose,
        })), node.loose)
      }
      case 'table':
        return writer.table(node, (cell) => line(cell, around))
      case 'hr':
        return writer.rule()
      case 'html':
        return htmlBlock(node.text.trimEnd(), around)
      default:
        return line([node], around)
    }
  }

  /** `<u>` alone on its line begins HTML for a reader of Markdown; the words between are words all the same. */
  function htmlBlock(text: string, around: Surroundings): Written {
    const underlined = /^<u>([^<>]*)<\/u>$/i.exec(text)?.[1]?.trim()
    return underlined === undefined || underlined === '' ? writer.html(text) : span({ type: 'underline', raw: text, tokens: [{ type: 'text', raw: underlined, text: underlined }] }, around)
  }

  function span(node: MarkdownNode, around: Surroundings): Written {
    switch (node.type) {
      case 'strong':
        return writer.strong(line(node.tokens, [...around, 'strong']), around)
      case 'em':
        return writer.em(line(node.tokens, around), node.raw)
      case 'del':
        return writer.del(line(node.tokens, around))
      case 'underline':
      case 'spoiler': {
        const inner = line(node.tokens, [...around, node.type])
        return around.includes(node.type) ? inner : writer[node.type](inner)
      }
      case 'codespan':
        return writer.codespan(node.text, node.raw)
      case 'br':
        return writer.br()
      case 'link':
        return writer.link(node, line(node.tokens, [...around, 'link']), around)
      case 'image':
        return writer.image(node, around)
      case 'text':
        return node.tokens === undefined ? writer.words(node.raw) : line(node.tokens, around)
      case 'escape':
        return writer.escape(node.text, node.raw)
      case 'checkbox':
        return writer.checkbox(node.checked, node.raw)
      default:
        return writer.other(node.raw)
    }
  }

  return blocks(nodes, [])
}

/** The words of what stands in a line, without any markup. */
export function unmarkedWords(nodes: readonly MarkdownNode[]): string {
  return pairMarks(nodes).map((node) => {
    if (node.type === 'br') return ' '
    if (node.type === 'codespan' || node.type === 'escape') return node.text
    if (node.type === 'text' || node.type === 'image') return resolveReferences(node.type === 'text' ? node.raw : node.text)
    return 'tokens' in node && node.tokens !== undefined ? unmarkedWords(node.tokens) : node.raw
  }).join('')
}

/** A table as lines of equal columns, for where letters are of one width. */
export function tableLines(table: MarkdownOf<'table'>): string {
  const rows = [table.header, ...table.rows].map((row) => row.map((cell) => unmarkedWords(cell.tokens).replace(/\s+/g, ' ').trim()))
  const widths = table.header.map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)))
  const line = (row: string[]): string =>
    row.map((text, column) => {
      const missing = ' '.repeat((widths[column] ?? 0) - [...text].length)
      return table.align[column] === 'right' ? missing + text : text + missing
    }).join(' | ').trimEnd()
  return [line(rows[0] ?? []), widths.map((width) => '-'.repeat(width)).join('-+-'), ...rows.slice(1).map(line)].join('\n')
}
