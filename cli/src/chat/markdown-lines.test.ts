import { expect, it } from 'vitest'
import type { Paint } from '@moltbot/contract'
import { createMarkdownLines } from './markdown-lines.ts'

const tag = (name: string) => (text: string): string => `<${name}>${text}</${name}>`
const paint: Paint = { bold: tag('b'), dim: tag('d'), italic: tag('i'), red: tag('r'), green: tag('g'), yellow: tag('y'), cyan: tag('c') }

it('renders what assistants write', () => {
  const markdown = createMarkdownLines(paint)
  const lines = ['# Title', 'a **bold** and *italic* `co*d*e`', '- item', '2. two', '> quote', '```js', 'const **a** = 1', '```', '2*3*4 = 24', '[site](https://x.y)', '---']
  expect(lines.flatMap((line) => markdown.line(line, 200))).toEqual([
    '<b>Title</b>', 'a <b>bold</b> and <i>italic</i> <c>co*d*e</c>', '• item', '2. two', '<d>│ quote</d>', '<d>─── js</d>', '<c>const **a** = 1</c>', '<d>───</d>', '2*3*4 = 24', 'site <d>(https://x.y)</d>', `<d>${'─'.repeat(40)}</d>`,
  ])
})

it('previews without remembering', () => {
  const markdown = createMarkdownLines(paint)
  markdown.preview('```', 80)
  expect(markdown.line('**b**', 80)).toEqual(['<b>b</b>'])
})
