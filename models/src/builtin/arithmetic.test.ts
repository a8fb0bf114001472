import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { showNumber, workOut } from './arithmetic.ts'

const value = (text: string, comma = false): number | string => {
  const sum = workOut(text, comma)
  return sum.ok ? Number(showNumber(sum.value)) : sum.reason
}

describe('workOut', () => {
  it.each([
    ['2+2', 4], ['2 + 3 * 4', 14], ['(2 + 3) * 4', 20], ['2^3^2', 512], ['-2^2', -4], ['(-2)^2', 4], ['2^-1', 0.5], ['10 / 4', 2.5], ['7 - 2 - 1', 4], ['100 / 10 / 2', 5],
    ['15% of 80', 12], ['200 + 10%', 220], ['200 - 25%', 150], ['50%', 0.5], ['17 % 5', 2], ['17 mod 5', 2], ['-7 mod 3', 2], ['5!', 120], ['3!!', 720], ['0.1 + 0.2', 0.3], ['1,000 + 1', 1001],
    ['sqrt(16) + abs(-3)', 7], ['2(3+4)', 14], ['2 pi', Number((2 * Math.PI).toPrecision(12))], ['3 x 4', 12], ['6 × 7', 42], ['84 ÷ 2', 42], ['1e3 + 1', 1001], ['.5 * 2', 1], ['--3', 3], ['+5', 5],
    ['1 / 0', 'division-by-zero'], ['5 mod 0', 'division-by-zero'], ['5 % (1-1)', 'division-by-zero'], ['sqrt(-1)', 'not-real'], ['10^400', 'too-large'], ['171!', 'too-large'], ['1.5!', 'not-real'],
    ['2 +', 'syntax'], ['(2', 'syntax'], ['2 3', 'syntax'], ['foo(2)', 'syntax'], ['constructor', 'syntax'], ['', 'syntax'], ['2 + + ', 'syntax'], ['sqrt 4', 'syntax'], ['1..2', 'syntax'],
  ])('%s is %s', (text, expected) => {
    expect(value(text)).toBe(expected)
  })

  it.each([['3,5 * 2', 7], ['1.000,5 + 0,5', 1001], ['1.000 + 1', 1001], ['0,1 + 0,2', 0.3]])('with a decimal comma %s is %s', (text, expected) => {
    expect(value(text, true)).toBe(expected)
  })

  it('agrees with the machine on whole sums', () => {
    const leaf = fc.integer({ min: 0, max: 999 }).map(String)
    const { sum } = fc.letrec<{ sum: string }>((tie) => ({
      sum: fc.oneof({ maxDepth: 4 }, leaf, fc.tuple(tie('sum'), fc.constantFrom('+', '-', '*'), tie('sum')).map(([a, sign, b]) => `(${a} ${sign} ${b})`), tie('sum').map((a) => `-${a}`)),
    }))
    fc.assert(fc.property(sum, (text) => {
      const worked = workOut(text, false)
      if (text.length > 500) return
      const expected = Function(`return ${text.replaceAll('--', '- -').replaceAll('--', '- -')}`)() as number
      expect(worked.ok && worked.value).toBe(expected)
    }))
  })

  it('never throws and always comes back, whatever it is given', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d+\-*/^%().,! a-z]{0,80}$/)), fc.boolean(), (text, comma) => {
      const worked = workOut(text, comma)
      expect(!worked.ok || Number.isFinite(worked.value)).toBe(true)
    }))
    expect(workOut('('.repeat(5000), false).ok).toBe(false)
    expect(workOut('('.repeat(240) + '1' + ')'.repeat(240), false)).toEqual({ ok: false, reason: 'syntax' })
    expect(workOut('-'.repeat(400) + '1', false)).toEqual({ ok: false, reason: 'syntax' })
  })
})
