import { Lexer } from 'marked'
import { expect, it } from 'vitest'
import { type MarkdownNode, type MarkdownWriter, unmarkedWords, tableLines, writeMarkdown } from './markdown-tree.ts'
import { textWriter } from './text-writer.ts'

const read = (markdown: string): MarkdownNode[] => new Lexer({ gfm: true }).lex(markdown) as MarkdownNode[]

/** Writes what it was called with, so that the tree can be read off. */
const names: MarkdownWriter<string> = {
  blocks: (parts, parent) => `${parent?.type ?? 'document'}{${parts.join(';')}}`,
  inline: (parts) => parts.join(''),
  heading: (inner, depth, around) => `h${depth}[${around.join()}](${inner})`,
  quote: (inner, around) => `quote[${around.join()}](${inner})`,
  list: (items, loose) => `list${loose ? ' loose' : ''}(${items.map(({ number, box, body }) => `${number ?? '-'}${box ?? ''}${body}`).join()})`,
  table: (node, line) => `table(${node.header.map(({ tokens }) => line(tokens)).join()})`,
  code: (text, info) => `code ${info ?? ''}(${text})`,
  rule: () => 'rule',
  html: (text) => `html(${text})`,
  strong: (inner, around) => `strong[${around.join()}](${inner})`,
  em: (inner, raw) => `em${raw[0]}(${inner})`,
  del: (inner) => `del(${inner})`,
  underline: (inner) => `underline(${inner})`,
  spoiler: (inner) => `spoiler(${inner})`,
  codespan: (text) => `span(${text})`,
  br: () => 'br',
  link: (node, inner, around) => `link[${around.join()}](${inner} ${node.href})`,
  image: (node, around) => `image[${around.join()}](${node.text})`,
  words: (text) => text,
  escape: (sign) => `escape(${sign})`,
  checkbox: (checked) => `box(${checked})`,
  other: (raw) => `other(${raw})`,
}

it.each([
  ['# a **b**\n\n[d]: https://e.org', 'document{h1[](a strong[heading](b))}'],
  ['> a\n> > **b [c ![d](x)](y)**', 'document{quote[](blockquote{a;quote[blockquote](blockquote{strong[blockquote,blockquote](b link[blockquote,blockquote,strong](c image[blockquote,blockquote,strong,link](d) y))})})}'],
  ['3. a\n4. [x] b', 'document{list(3list_item{a},4☑list_item{b})}'],
  ['- [x] a\n\n- [ ] b', 'document{list loose(-☑list_item{a},-☐list_item{b})}'],
  ['- a\n\n  b\n- c', 'document{list loose(-list_item{a;b},-list_item{c})}'],
  ['```ts\nx\n```\n\n---\n\n<p>\n\n| *a* |\n|---|', 'document{code ts(x);rule;html(<p>);table(em*(a))}'],
  ['~~a~~ `b` _c_\\\n\\* <i>d', 'document{del(a) span(b) em_(c)brescape(*) other(<i>)d}'],
])('walks %j', (markdown, walked) => expect(writeMarkdown(read(markdown), names)).toBe(walked))

it('reads words and tables without markup', () => {
  const [table] = read('| **a** &amp; | b |\n|---|--:|\n| `x` | ![22](y) |')
  expect(unmarkedWords(read('**a** [b](c) \\* &lt;\\\nd').flatMap((node) => (node.type === 'paragraph' ? node.tokens : [])))).toBe('a b * < d')
  expect(table?.type === 'table' ? tableLines(table) : '').toBe('a & |  b\n----+---\nx   | 22')
})

it('a network that names nothing but its links writes plain words', () => {
  const writer = textWriter({ link: (node, inner) => `${inner} (${node.href})`, image: (node) => node.text })
  expect(writeMarkdown(read('# a\n\n- **b**\n  - [c](https://e.org)\n- [x] d\n\n> e\n\n```\nf\n\n\n```'), writer))
    .toBe('a\n\n• b\n  • c (https://e.org)\n• ☑ d\n\n> e\n\nf')
})
