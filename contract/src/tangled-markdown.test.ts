import { lexer } from 'marked'
import { expect, it } from 'vitest'
import { isTangled, readMarkdown } from './tangled-markdown.ts'

it('what a reader gives up on is no tree, like what would take it absurdly long, and everything else is', () => {
  // Found by trying many documents: marked 18 throws.
  const fault = '- a\n  >+\n  \tb'
  expect(() => lexer(fault)).toThrow()
  expect(readMarkdown(fault, lexer)).toBeUndefined()
  const deep = '> '.repeat(60)
  expect([isTangled(deep), readMarkdown(deep, () => { throw new Error('was read') })]).toEqual([true, undefined])
  expect(readMarkdown('- a\n  > b', (text) => [...lexer(text)])).toMatchObject([{ type: 'list' }])
})
