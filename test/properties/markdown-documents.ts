/** Markdown as models write it and as nobody should: the documents that splitting and rendering are tried with, on every network. */
import fc from 'fast-check'

const plainWord = fc.stringMatching(/^[a-zA-Z0-9äöüß,:;-]{1,14}$/)
/** Signs that mean something to a reader of Markdown, to a network or to a terminal. */
const oddWord = fc.constantFrom(
  '@everyone', '@here', '<!channel>', '<!here|x>', '<@U111>', '<@123456789012345678>', '<@&42>', '<#C1|x>', '</kick:1>', '||hidden||', '||', '<u>', '</u>', '<b>', '</b>', '<pre>', '<a href="tg://user?id=1">', '<script>alert(1)</script>', '<!-- x -->',
  '&lt;!channel&gt;', '&#60;!here&#62;', '&#64;everyone', '&#7;', '&#x1b;[31m', '&#0;', '&#xd800;', '&amp;lt;', '&nbsp;', '&constructor;', '\u0000', '\u001b[31mred\u001b[0m', '\u0007', '\u009b2J', '\u007f', '\ud800', '\udc00x',
  '*', '**', '_', '__', '~~', '`', '``', '```', '~~~', '[', ']', '](', '](https://e.org', '![', '|', '\\', '\\*', '\\`', '>', '<', '&', '#', '- ', '1. ', '[x]', '[^1]', 'https://e.org/a_b*c', 'www.e.org', 'a@e.org', 'mailto:a@e.org',
  '👩‍👩‍👧‍👦', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '😀', 'e\u0301\u0301\u0301', '\u202eabc\u202c', 'שלום', 'مرحبا', '漢字漢字', '\u200b', '\u2028', '\u3000',
)
const word = fc.oneof({ weight: 8, arbitrary: plainWord }, { weight: 1, arbitrary: oddWord })
const words = fc.array(word, { minLength: 1, maxLength: 12 }).map((list) => list.join(' '))
const sentence = fc.tuple(words, fc.constantFrom('.', '!', '?', '…', ':', '')).map(([text, end]) => text + end)
const address = fc.oneof(
  plainWord.map((path) => `https://example.org/${encodeURIComponent(path)}/a-long-path`),
  fc.constantFrom('https://e.org/?a=1&b="2"|x', 'https://e.org/(a(b)c)', 'mailto:a@e.org', 'tel:+4912345', 'tg://resolve?domain=x', 'javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', '/x', '!channel', '@U111', '<https://e.org/a b>', '<>', 'https://e.org/%7C%3E'),
)
const inline = fc.oneof(
  { weight: 6, arbitrary: sentence },
  { weight: 1, arbitrary: fc.tuple(words, address).map(([text, href]) => `[${text}](${href})`) },
  { weight: 1, arbitrary: fc.tuple(words, address).map(([text, href]) => `![${text}](${href} "title")`) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('**', '*', '_', '__', '~~', '***', '||'), words).map(([mark, text]) => `${mark}${text}${mark}`) },
  { weight: 1, arbitrary: words.map((text) => `<u>${text}</u>`) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('`', '``'), words).map(([mark, text]) => `${mark}${text}${mark}`) },
  { weight: 1, arbitrary: words.map((text) => `**bold *both \`${text}\`* end**`) },
)
const paragraph = fc.array(inline, { minLength: 1, maxLength: 10 }).chain((bits) => fc.constantFrom(' ', '\n', '  \n', '').map((between) => bits.join(between)))
const codeLine = fc.oneof(fc.stringMatching(/^[a-z =+()0-9{}<>&]{0,60}$/), word, fc.constant(''), fc.constant('\tindented'))
const fence = fc.tuple(fc.constantFrom('```', '````', '~~~'), fc.constantFrom('', 'ts', 'python title="x"', 'a'.repeat(80)), fc.array(codeLine, { minLength: 1, maxLength: 40 }), fc.boolean())
  .map(([mark, language, lines, ends]) => [mark + language, ...lines, ...(ends ? [mark] : [])].join('\n'))
const indented = fc.array(codeLine, { minLength: 1, maxLength: 8 }).map((lines) => lines.map((line) => `    ${line}`).join('\n'))
const cell = fc.oneof({ weight: 5, arbitrary: words }, { weight: 1, arbitrary: fc.constantFrom('', 'a \\| b', '`x|y`', '**b**', 'w'.repeat(120)) }).map((text) => text.replaceAll('\n', ' '))
const table = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 25 })).chain(([columns, rows]) =>
  fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: rows + 1, maxLength: rows + 1 }).map(([head = [], ...body]) =>
    [`| ${head.join(' | ')} |`, `|${head.map((_, at) => (at % 2 === 0 ? '---' : '--:')).join('|')}|`, ...body.map((row) => `| ${row.join(' | ')} |`)].join('\n')))
const heading = fc.tuple(fc.integer({ min: 1, max: 6 }), words).map(([depth, text]) => `${'#'.repeat(depth)} ${text}`)
const html = words.map((text) => `<div onclick="x">\n${text}\n</div>`)

const { block } = fc.letrec<{ block: string; list: string; quote: string }>((tie) => ({
  block: fc.oneof({ maxDepth: 3, depthSize: 'small' }, paragraph, fence, heading, table, indented, html, fc.constantFrom('---', '[ref]: https://e.org "x"', ''), tie('list'), tie('quote')),
  list: fc.tuple(fc.constantFrom('- ', '* ', '1. ', '7) ', '999999999. ', '- [x] ', '- [ ] '), fc.array(tie('block'), { minLength: 1, maxLength: 6 }), fc.boolean())
    .map(([mark, items, loose]) => items.map((item) => mark + item.replaceAll('\n', `\n${' '.repeat(Math.min(mark.length, 4))}`)).join(loose ? '\n\n' : '\n')),
  quote: tie('block').map((text) => `> ${text.replaceAll('\n', '\n> ')}`),
}))

/** One document: blocks of every kind in one another, some of them cut or spoilt somewhere. */
export const markdownDocument: fc.Arbitrary<string> = fc.tuple(fc.array(block, { minLength: 1, maxLength: 7 }), fc.option(fc.tuple(fc.nat(), oddWord), { freq: 3 })).map(([blocks, spoilt]) => {
  const text = blocks.join('\n\n')
  if (spoilt === null) return text
  const at = spoilt[0] % (text.length + 1)
  return text.slice(0, at) + spoilt[1] + text.slice(at)
})
