import fc from 'fast-check'
import { Lexer } from 'marked'
import { expect, it } from 'vitest'
import { type MarkdownNode, unmarkedWords, writeMarkdown } from './markdown-tree.ts'
import { textWriter } from './text-writer.ts'

const read = (markdown: string): MarkdownNode[] => new Lexer({ gfm: true }).lex(markdown) as MarkdownNode[]
const own = { link: (node: { href: string }, inner: string) => `${inner}(${node.href})`, image: () => '', strong: (inner: string) => `b{${inner}}`, codespan: (text: string) => `c{${text}}` }
const shown = (markdown: string): string => writeMarkdown(read(markdown), textWriter({ ...own, underline: (inner) => `u{${inner}}`, spoiler: (inner) => `h{${inner}}` }))
const plain = (markdown: string): string => writeMarkdown(read(markdown), textWriter(own))

it.each([
  ['an <u>under</u> line and a ||hidden|| one', 'an u{under} line and a h{hidden} one'],
  ['<U>**both** `a`</U>, (||**x** `y||z`||)!', 'u{b{both} c{a}}, (h{b{x} c{y||z}})!'],
  ['||a <u>b</u> c|| <u>a ||bb|| c</u>', 'h{a u{b} c} u{a h{bb} c}'],
  ['**||bold||** and "||quoted||"', 'b{h{bold}} and "h{quoted}"'],
  ['||two\nlines||', 'h{two\nlines}'],
  ['- <u>one</u>\n- ||two||', '• u{one}\n• h{two}'],
  ['<u>\nalone\n</u>\n\n<u>a **b**</u>', 'u{alone}\n\nu{a b{b}}'],
  ['||https://e.org/a|| and <u>https://e.org/b</u>', 'h{https://e.org/a(https://e.org/a)} and u{https://e.org/b(https://e.org/b)}'],
  ['答案是||四十二||。🎬||Snape||', '答案是h{四十二}。🎬h{Snape}'],
  ['<u>a <u>b</u> c', '<u>a u{b} c'],
  ['||a <u>**x <u>y</u>**</u>||', 'h{a u{b{x y}}}'],
  ['||a ||bc|| d||', '||a h{bc} d||'],
  ['<u>a ||b</u> c||', 'u{a ||b} c||'],
])('finds underlined and hidden words in %j', (markdown, expected) => expect(shown(markdown)).toBe(expected))

it.each([
  'a || b || c', 'a||b||c', "first||' '||last", "'a'||col||'b'", 'make ||true', 'test -f x||exit 1||true', 'spawn(||run(a))', '(a)||(b)||(c)', '!a ||!b || !c', 'the norm ||v|| of v', '||A x||_2 is', '|| x ||', '||x', 'x||', '||||', '|||x|||', '\\|\\|x\\|\\|',
  '&#124;&#124;x&#124;&#124;', 'a </u> b', 'a <u> b',
])('takes %j for the words it is', (markdown) => expect(shown(markdown)).toBe(plain(markdown)))

it('nothing in code is a mark', () => {
  for (const markdown of ['`||x||` `<u>y</u>`', '```\n||x|| <u>y</u>\n```', '    ||x|| <u>y</u>']) expect(shown(markdown)).toBe(plain(markdown))
})

it('a network without them shows the words, and so does a label', () => {
  expect(plain('an <u>under</u> line and a ||hidden **one**||')).toBe('an under line and a hidden b{one}')
  expect(unmarkedWords(read('<u>a</u> ||b *c*|| d || e').flatMap((node) => (node.type === 'paragraph' ? node.tokens : [])))).toBe('a b c d || e')
})

it('no sign but the marks is ever lost, whatever stands between them', () => {
  const parts = fc.constantFrom('||', '|', '<u>', '</u>', 'a', ' ', '(', ')', '"', "'", '**', '`', '\\', '\n', '漢', '🎬', 'https://e.org/a')
  fc.assert(fc.property(fc.array(parts, { maxLength: 30 }), (list) => {
    const unmarked = shown(list.join('')).replace(/[uh]\{|\}/g, '')
    const bare = (text: string): string => text.replace(/<\/?u>|[|{}\s]/gi, '')
    expect(bare(unmarked)).toBe(bare(plain(list.join(''))))
  }), { numRuns: 500 })
})
