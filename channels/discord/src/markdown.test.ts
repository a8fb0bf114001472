import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderMarkdown } from './markdown.ts'

describe('Markdown as Discord shows it', () => {
  it.each([
    ['**bold** *it* _it_ ~~gone~~ `a*b`', '**bold** *it* _it_ ~~gone~~ `a*b`'],
    ['# One\n\n#### Four **x**', '# One\n\n**Four x**'],
    ['| a | b |\n|---|--:|\n| 1 | `22` |', '```\na |  b\n--+---\n1 | 22\n```'],
    ['- one\n  - two\n    1. three', '- one\n  - two\n    1. three'],
    ['- [x] done\n- [ ] open', '- ☑ done\n- ☐ open'],
    ['- [x] done\n\n- [ ] open', '- ☑ done\n\n- ☐ open'],
    ['> a\n> > b', '> a\n> \n> b'],
    ['```ts\nconst a = 1\n```', '```ts\nconst a = 1\n```'],
    ['````\n```\ninner\n```\n````', '```\n``\u200b`\ninner\n``\u200b`\n```'],
    ['[x](javascript:alert(1)) [y](https://e.org/a_(b))', 'x [y](https://e.org/a_%28b%29)'],
    ['[https://bank.example](https://evil.example)', 'https://bank.example (https://evil.example)'],
    ['see https://e.org/a_b_c.', 'see https://e.org/a_b_c.'],
    ['![alt](https://e.org/i.png)', '[alt](https://e.org/i.png)'],
    ['a || b || c', 'a \\|\\| b \\|\\| c'],
    ['an <u>under **b**</u> line, a ||hidden one||', 'an __under **b**__ line, a ||hidden one||'],
    ['<u>`__init__`</u> `<u>x</u> ||y||`', '`__init__` `<u>x</u> ||y||`'],
    ['&amp; &#42;x&#42; \\*y\\*', '& \\*x\\* \\*y\\*'],
    ['one\\\ntwo\n\n---\n\n<b>x</b>', 'one\ntwo\n\n———\n\n<b>x</b>'],
  ])('%j', (markdown, expected) => {
    expect(renderMarkdown(markdown)).toBe(expected)
  })

  it('what is hidden ends where it ends, whatever bars stand in it', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('a', '`b||c`', '`|`', '\\|', 'd|', '|e', '**f|**', '<u>g</u>', '[h|](https://e.org/?a||b)'), { minLength: 1, maxLength: 8 }), (list) => {
      const rendered = renderMarkdown(`x ||a ${list.join(' ')} z|| y`)
      expect([rendered.slice(0, 4), rendered.indexOf('||', 4), rendered.slice(-2)]).toEqual(['x ||', rendered.length - 4, ' y'])
    }))
    expect(renderMarkdown('||a \\|||')).toBe('||a \\|\u200b||')
  })

  it('keeps every word of plain sentences, and never throws', () => {
    fc.assert(fc.property(fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 30 }), (list) => {
      expect(renderMarkdown(list.join(' '))).toBe(list.join(' '))
    }))
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      expect(typeof renderMarkdown(text)).toBe('string')
    }))
  })
})
