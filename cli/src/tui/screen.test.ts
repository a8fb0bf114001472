import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphemeWidth, splitGraphemes } from '../display-width.ts'
import { createScreen, fit } from './screen.ts'

/** A terminal that understands what the screen writes, and nothing else: anything unknown is a failure. */
function terminalModel(columns: number, rows: number): { write(text: string): void; lines(): string[]; cursor(): [number, number]; writes: string[] } {
  let cells = Array.from({ length: rows }, () => Array<string>(columns).fill(' '))
  let [row, column, from, to] = [0, 0, 0, rows]
  const writes: string[] = []
  const blank = (): string[] => Array<string>(columns).fill(' ')
  return {
    writes,
    lines: () => cells.map((line) => line.join('').trimEnd()),
    cursor: () => [row, column],
    write(text) {
      writes.push(text)
      // oxlint-disable-next-line no-control-regex -- these are the terminal's own
      for (const part of text.split(/(\u001B\[\??[\d;]*[A-Za-z])/)) {
        // oxlint-disable-next-line no-control-regex -- these are the terminal's own
        const [, mark = '', given = '', final = ''] = /^\u001B\[(\??)([\d;]*)([A-Za-z])$/.exec(part) ?? []
        const [first = 0, second = 0] = given.split(';').map(Number)
        switch (mark + final) {
          case '':
            for (const grapheme of splitGraphemes(part)) {
              const width = graphemeWidth(grapheme)
              // A mark without a letter before it stands nowhere.
              if (width === 0) continue
              if (column + width > columns) throw new Error(`row ${row} is too wide: ${part}`)
              cells[row]?.splice(column, width, grapheme, ...Array<string>(width - 1).fill(''))
              column += width
            }
            break
          case 'H': [row, column] = [Math.max(1, first) - 1, Math.max(1, second) - 1]; break
          case 'J': cells = cells.map(blank); break
          case 'K': cells[row]?.fill(' ', column); break
          case 'r': [from, to, row, column] = [Math.max(1, first) - 1, second === 0 ? rows : second, 0, 0]; break
          case 'S': cells.splice(from, to - from, ...cells.slice(from + first, to), ...Array.from({ length: first }, blank)); break
          case 'T': cells.splice(from, to - from, ...Array.from({ length: first }, blank), ...cells.slice(from, to - first)); break
          case 'm':
          case '?h':
          case '?l': break
          default: throw new Error(`the screen wrote ${JSON.stringify(part)}`)
        }
      }
    },
  }
}

const columns = 12
const height = 9
const row = fc.oneof(fc.constant(''), fc.constantFrom('one', 'two', 'one more', 'two words', '日本語', 'e\u0301e\u0301', '👩‍👩‍👧 x'), fc.string({ unit: fc.constantFrom('a', ' ', '日', 'e\u0301', '👍'), maxLength: 20 }), fc.constantFrom('ab', 'cd').map((text) => `\u001B[1m${text}\u001B[22m`))
const frames = fc.array(fc.oneof(
  fc.array(row, { minLength: height, maxLength: height }).map((rows) => ({ kind: 'other' as const, rows })),
  fc.record({ kind: fc.constant('scrolled' as const), by: fc.integer({ min: -3, max: 3 }), row }),
  fc.record({ kind: fc.constant('grown' as const), at: fc.nat(height - 1), text: fc.constantFrom('a', ' b', '日', '\u0301') }),
), { maxLength: 12 })

describe('the screen', () => {
  it('shows after any changes what a full redraw shows', () => {
    fc.assert(fc.property(frames, (changes) => {
      const model = terminalModel(columns, height)
      const screen = createScreen(model.write)
      let rows = Array<string>(height).fill('')
      for (const change of changes) {
        if (change.kind === 'other') rows = change.rows
        else if (change.kind === 'grown') rows = rows.with(change.at, (rows[change.at] ?? '') + change.text)
        else {
          const body = rows.slice(1, -1)
          const filled = Array<string>(Math.abs(change.by)).fill(change.row)
          rows = [rows[0] ?? '', ...(change.by >= 0 ? [...body.slice(change.by), ...filled] : [...filled, ...body.slice(0, change.by)]), rows.at(-1) ?? '']
        }
        const written = model.writes.length
        screen.show({ rows, cursor: { row: 2, column: 3 }, scrolls: { from: 1, to: height - 1 } }, columns)
        expect(model.writes.length - written).toBeLessThanOrEqual(1)
        const whole = terminalModel(columns, height)
        createScreen(whole.write).show({ rows, cursor: { row: 2, column: 3 } }, columns)
        expect(model.lines()).toEqual(whole.lines())
        expect(model.cursor()).toEqual([2, 3])
      }
    }))
  })

  it('writes nothing when nothing changed, and one row when one did', () => {
    const model = terminalModel(40, 10)
    const screen = createScreen(model.write)
    const rows = Array.from({ length: 10 }, (_, index) => `row ${index} of the window`)
    const show = (next: readonly string[]): number => {
      const before = model.writes.length
      screen.show({ rows: next, cursor: undefined }, 40)
      return model.writes.slice(before).join('').length
    }
    expect(show(rows)).toBeGreaterThan(200)
    expect(show(rows)).toBe(0)
    expect(show(rows.with(4, 'row 4 of the window grows'))).toBeLessThan(40)
    screen.forget()
    expect(show(rows)).toBeGreaterThan(200)
  })

  it('lets the terminal move what scrolls', () => {
    const model = terminalModel(60, 12)
    const screen = createScreen(model.write)
    const rows = Array.from({ length: 13 }, (_, index) => `row ${index} of a transcript that fills the window`)
    screen.show({ rows: rows.slice(0, 12), cursor: undefined, scrolls: { from: 0, to: 12 } }, 60)
    screen.show({ rows: rows.slice(1), cursor: undefined, scrolls: { from: 0, to: 12 } }, 60)
    expect(model.writes[1]?.length).toBeLessThan(140)
    expect(model.lines()).toEqual(rows.slice(1))
  })

  it('draws between the marks of synchronized output once the terminal knows them', () => {
    const model = terminalModel(10, 1)
    const screen = createScreen(model.write)
    screen.synchronize()
    screen.show({ rows: ['x'], cursor: undefined }, 10)
    expect(model.writes[0]).toMatch(/^\u001B\[\?2026h.*\u001B\[\?2026l$/s)
  })
})

describe('fit', () => {
  it('cuts by what is seen and keeps colour whole', () => {
    expect(fit('日本語', 5)).toBe('日本')
    expect(fit('\u001B[1mabcdef\u001B[22m', 3)).toBe('\u001B[1mabc\u001B[22m')
  })
})
