import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayWidth } from '../display-width.ts'
import { captureTerminal } from '../testing/captured-terminal.ts'
import { createMarkdownRows } from './markdown-rows.ts'
import { visible, visibleLine } from './visible.ts'

const { paint } = captureTerminal()
const rows = (text: string, columns = 40): string[] => createMarkdownRows(paint)(text, columns)

describe('Markdown in a terminal', () => {
  it('has headings, lists, code and quotes', () => {
    expect(rows('# Title\n\n- one\n- two **words**\n\n```js\nlet x\n```\n\n> said')).toEqual(['Title', '', '• one', '• two words', '', '╭─ js', '│ let x', '╰─', '', '│ said'])
  })

  it('fits a table, and breaks it into words where there is no room', () => {
    const table = '| Name | What it is |\n|---|:-:|\n| 日本 | a rather long remark about it |\nafter'
    expect(rows(table, 24)).toEqual(['Name │ What it is       ', '─────┼──────────────────', '日本 │ a rather long    ', '     │ remark about it  ', 'after'].map((row) => expect.stringContaining(row.trimEnd())))
    expect(rows(table, 14)[0]).toContain('• Name: 日本')
    for (const columns of [8, 14, 24, 60]) for (const row of rows(table, columns)) expect(displayWidth(row)).toBeLessThanOrEqual(columns)
  })

  it('shows the same rows whether a text came whole or letter by letter, and none is too wide', () => {
    const line = fc.constantFrom('# head', '- item one two three', '```', '```js', '| a | b |', '|---|---|', '| 日本語日本語 | long words in a cell |', 'plain **bold** words', '', '> quote', '\u001B[2Jevil', '\tcode', '\r')
    fc.assert(fc.property(fc.array(line, { maxLength: 9 }), fc.integer({ min: 8, max: 40 }), (lines, columns) => {
      const text = lines.join('\n')
      const growing = createMarkdownRows(paint)
      for (let end = 1; end < text.length; end++) growing(text.slice(0, end), columns)
      const grown = growing(text, columns)
      expect(grown).toEqual(rows(text, columns))
      for (const row of grown) expect(displayWidth(row)).toBeLessThanOrEqual(columns)
    }), { numRuns: 60 })
  })
})

describe('visible', () => {
  it('shows what would be obeyed', () => {
    expect(visible('a\u001B[2Jb\u0007c\u009Bd\u202Ee\u200Bf\u007F')).toBe('a␛[2Jb␇c⟨009B⟩d⟨202E⟩e⟨200B⟩f␡')
    expect(visible('one\r\ntwo\tthree\rfour')).toBe('one\ntwo  three\nfour')
    expect(visibleLine(' a\n\u001B]0;x\u0007 b ')).toBe('a ␛]0;x␇ b')
    expect(visible('👩‍👩‍👧 e\u0301 日本')).toBe('👩‍👩‍👧 e\u0301 日本')
  })

  it('never lets a control character through', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(visible(text)).not.toMatch(/[^\P{Cc}\n]|[\u202A-\u202E\u2066-\u2069]/u)
    }))
  })
})
