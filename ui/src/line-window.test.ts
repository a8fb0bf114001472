import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineWindow, isWithin, mergeSpans, type Placed } from './line-window.ts'

function row(key: string, height: number): Placed {
  return { key, guess: () => height }
}

describe('the places of lines', () => {
  it('counts a guess until a line was seen, and what it measured from then on, whatever comes before it', () => {
    const lines = createLineWindow()
    lines.show([row('b', 100), row('c', 100)], 10, 80)
    expect([lines.top(1), lines.total]).toEqual([110, 220])
    lines.measure('b', 37.5)
    expect([lines.top(0), lines.top(1), lines.total]).toEqual([0, 47.5, 157.5])
    lines.show([row('a', 50), row('b', 100), row('c', 100)], 10, 80)
    expect([lines.top(1), lines.top(2), lines.total, lines.indexOf('b'), lines.indexOf('x')]).toEqual([60, 107.5, 217.5, 1, undefined])
    expect([lines.isKnown('b'), lines.isKnown('c')]).toEqual([true, false])
  })

  it('guesses anew where there is another width', () => {
    const lines = createLineWindow()
    const wide = [{ key: 'a', guess: (perLine: number) => 8_000 / perLine }]
    lines.show(wide, 0, 80)
    expect(lines.total).toBe(100)
    lines.show(wide, 0, 40)
    expect(lines.total).toBe(200)
  })

  it('has no lines where there are none', () => {
    const lines = createLineWindow()
    lines.show([], 10, 80)
    expect([lines.total, lines.around(0, 900, 800), lines.heightOf({ from: 0, to: 0 })]).toEqual([0, { from: 0, to: 0 }, 0])
  })

  it('finds for every height the line that stands there, and leaves out as much as it does not draw', () => {
    const heights = fc.array(fc.record({ guess: fc.integer({ min: 1, max: 900 }), real: fc.option(fc.integer({ min: 1, max: 900 })) }), { minLength: 1, maxLength: 60 })
    fc.assert(fc.property(heights, fc.double({ min: -500, max: 60_000, noNaN: true }), (all, y) => {
      const gap = 16
      const lines = createLineWindow()
      lines.show(all.map(({ guess }, at) => row(`${at}`, guess)), gap, 80)
      for (const [at, { real }] of all.entries()) if (real !== null) lines.measure(`${at}`, real)
      let top = 0
      let found = 0
      for (const [at, { guess, real }] of all.entries()) {
        expect(lines.top(at)).toBe(top)
        if (top <= y) found = at
        top += (real ?? guess) + gap
      }
      expect(lines.total).toBe(top)
      expect(lines.at(y)).toBe(found)
      const { from, to } = lines.around(y, 700, 300)
      expect(from < to && from <= found && found < to).toBe(true)
      const parts = [{ from: 0, to: from }, { from, to }, { from: to, to: all.length }].filter((span) => span.to > span.from)
      expect(parts.reduce((sum, span) => sum + lines.heightOf(span) + gap, 0)).toBe(top)
    }))
  })
})

describe('spans', () => {
  it('are in order, each line once, and none outside of the list', () => {
    expect(mergeSpans([{ from: 40, to: 60 }, { from: -3, to: 2 }, { from: 55, to: 70 }, { from: 98, to: 120 }, { from: 70, to: 71 }, { from: 5, to: 5 }], 100))
      .toEqual([{ from: 0, to: 2 }, { from: 40, to: 71 }, { from: 98, to: 100 }])
  })

  it('cover what lies within one of them', () => {
    const spans = [{ from: 0, to: 10 }, { from: 20, to: 30 }]
    expect([isWithin({ from: 20, to: 30 }, spans), isWithin({ from: 9, to: 21 }, spans), isWithin({ from: 15, to: 15 }, spans)]).toEqual([true, false, true])
  })
})
