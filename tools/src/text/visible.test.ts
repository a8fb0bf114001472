import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quoted, visible } from './visible.ts'

test('one line, whatever goes in', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    expect(visible(text)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\n\r\t]/u)
  }))
})

test('plain text stays as it is, hidden characters become visible', () => {
  expect(visible('Grüße, 世界 🎉')).toBe('Grüße, 世界 🎉')
  expect(visible('a\nb\u202ec\u00a0d')).toBe('a\\nb\\u{202e}c\\u{a0}d')
  expect(quoted('abcdef', 3)).toBe('"abc…" (6 characters)')
})
