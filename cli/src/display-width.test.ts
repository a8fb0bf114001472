import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayWidth, shorten, wrapText } from './display-width.ts'
import { table } from './table.ts'

describe('displayWidth', () => {
  it.each([['abc', 3], ['日本', 4], ['é', 1], ['👩‍👩‍👧', 2], ['\u001B[1mab\u001B[22m', 2], ['❤️', 2], ['ｆ', 2], ['', 0]])('of %j is %d', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })
})

describe('wrapText', () => {
  it('breaks between words and indents what follows', () => {
    expect(wrapText('one two three four', 9)).toEqual(['one two', 'three', 'four'])
    expect(wrapText('• one two three', 9, '  ')).toEqual(['• one two', '  three'])
    expect(wrapText('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij'])
    expect(wrapText('日本語日本語', 5)).toEqual(['日本', '語日', '本語'])
    expect(wrapText('a\n\nb', 10)).toEqual(['a', '', 'b'])
  })

  it('carries colour over a break and ends it with the row', () => {
    const rows = wrapText('\u001B[31mone two\u001B[39m x', 4)
    expect(rows).toEqual(['\u001B[31mone\u001B[0m', '\u001B[31mtwo\u001B[39m', 'x'])
  })

  it('never makes a row too wide and never loses a letter', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'bc', ' ', '日', '👍', '\n', 'é') }), fc.integer({ min: 4, max: 30 }), (text, columns) => {
      const rows = wrapText(text, columns)
      for (const row of rows) expect(displayWidth(row)).toBeLessThanOrEqual(columns)
      expect(rows.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
    }))
  })
})

describe('shorten', () => {
  it('cuts by what is seen', () => {
    expect(shorten('abcdef', 4)).toBe('abc…')
    expect(shorten('日本語', 5)).toBe('日本…')
    expect(shorten('abc', 3)).toBe('abc')
  })
})

describe('table', () => {
  it('aligns columns, makes cells printable and keeps to the width', () => {
    const lines = table(['Name', 'About'], [['日本', 'x'.repeat(100)], ['b\u001B[2J', 'y\nz']], 40)
    expect(lines.map(displayWidth).every((width) => width <= 40)).toBe(true)
    expect(lines[0]).toBe('Name  About')
    expect(lines[1]).toMatch(/^日本 {2}x+…$/)
    expect(lines[2]).toBe('b     y z')
  })
})
