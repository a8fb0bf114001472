import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lexer, type Tokens } from 'marked'
import { createMarkdownReader, decodeCharacters, isInlineImage, safeAddress, type MarkdownReader } from './markdown-blocks.ts'

const pieces = ['# Title\n', '\n', 'words ', 'more words\n', '- item\n', '  - inner\n', '1. one\n', '```js\n', 'let a = 1\n', '```\n', '| a | b |\n', '|---|---|\n', '| 1 | 2 |\n', '> quote\n', '**bold', '** ', '<div>\n', '</div>\n', '---\n', '    code\n', '\t', 'ä€😀 ', '$$\n', '$x$ ', '\\[\n', '= b\n', '\\]\n', ' $5 ']

describe('reading growing Markdown', () => {
  it('shows at every moment what reading the whole at once would show', () => {
    const show = (reader: MarkdownReader, text: string): string[] =>
      reader.read(text).flatMap(({ token }) => (token.type === 'space' ? [] : [`${token.type} ${String((token as Tokens.Generic)['text'] ?? '').trim()}`]))
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 25 }), (parts) => {
        const reader = createMarkdownReader()
        let text = ''
        for (const part of parts) {
          text += part
          expect(show(reader, text)).toEqual(show(createMarkdownReader(), text))
        }
      }),
      { numRuns: 80 },
    )
  })

  it('does not read closed blocks again', () => {
    const reader = createMarkdownReader()
    const first = reader.read('One.\n\nTwo')[0]
    const again = reader.read('One.\n\nTwo and three.\n\nFour')
    expect(again[0]).toBe(first)
  })

  it('shows as it is what the library gives up on', () => {
    const fault = '- a\n  >+\n  \tb'
    expect(() => lexer(fault)).toThrow()
    const reader = createMarkdownReader()
    expect(reader.read(`One.\n\n${fault}`).map(({ token }) => token.raw).join('')).toBe(`One.\n\n${fault}`)
    expect(reader.read(`${fault}\n\nand on`).length).toBeGreaterThan(0)
  })

  it('starts over when the text was replaced', () => {
    const reader = createMarkdownReader()
    reader.read('One.\n\nTwo.\n\nThree')
    expect(reader.read('Else').map((block) => block.token.raw)).toEqual(['Else'])
  })
})

describe('what a text may lead to', () => {
  it.each(['javascript:alert(1)', 'java&#115;cript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', '/v1/models', '//evil.example', 'blob:x', ' javascript:x', '\u0001javascript:x'])('refuses %s', (href) => {
    expect(safeAddress(href)).toBeUndefined()
  })
  it('allows the web and mail', () => {
    expect(safeAddress('https://example.com/a?b=c')).toBe('https://example.com/a?b=c')
    expect(safeAddress('mailto:a@example.com')).toBe('mailto:a@example.com')
  })
  it('draws only pictures that carry their own bytes', () => {
    expect(isInlineImage('data:image/png;base64,aGk=')).toBe(true)
    expect(isInlineImage('data:image/svg+xml;base64,aGk=')).toBe(false)
    expect(isInlineImage('https://example.com/a.png')).toBe(false)
  })
  it('decodes named and numbered characters and leaves the rest', () => {
    expect(decodeCharacters('a &amp; b &lt;i&gt; &#65;&#x42; &nosuch; &constructor; &')).toBe('a & b <i> AB &nosuch; &constructor; &')
  })
})
