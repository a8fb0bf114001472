import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { Problem } from './problem.ts'
import { editSecretsEnv, parseSecretsEnv } from './secrets-env.ts'

describe('parseSecretsEnv', () => {
  it('reads the forms people write', () => {
    const text = ['# keys', 'export A="one"  # later', "B='two words $(rm -rf /)'", 'C=three # comment', 'D=', 'export E=""', '', 'A=last', 'F="a\\"b\\\\c\\$d"'].join('\r\n')
    expect([...parseSecretsEnv(text)]).toEqual([['A', 'last'], ['B', 'two words $(rm -rf /)'], ['C', 'three'], ['D', ''], ['E', ''], ['F', 'a"b\\c$d']])
  })

  it.each([
    ['A=$(whoami)', 1], ['\nA="x$HOME"', 2], ['A=`id`', 1], ['A="open', 1], ["A='open", 1], ['A="x" y', 1], ['source other', 1], ['A B=c', 1], ['1A=b', 1], ['A=b c', 1],
  ])('refuses %j and names the line, not the value', (text, line) => {
    try {
      parseSecretsEnv(text)
    } catch (error) {
      expect(error).toBeInstanceOf(Problem)
      expect((error as Problem).code).toBe('secrets-env-invalid')
      expect((error as Problem).message).toContain(`line ${line}`)
      expect((error as Problem).message).not.toContain('whoami')
      return
    }
    throw new Error('accepted')
  })
})

describe('editSecretsEnv', () => {
  it('replaces one line and keeps every other byte', () => {
    expect(editSecretsEnv('# mine\nexport A="1" # c\nB=2\nA=3\n', 'A', 'new')).toBe("# mine\nexport A='new'\nB=2\n")
    expect(editSecretsEnv('B=2', 'A', "it's $5")).toBe('B=2\nexport A="it\'s \\$5"\n')
    expect(editSecretsEnv('', 'A', '')).toBe("export A=''\n")
  })

  it('refuses what a line cannot hold', () => {
    expect(() => editSecretsEnv('', 'A', 'x\nB=evil')).toThrow(Problem)
    expect(() => editSecretsEnv('', 'A;B', 'x')).toThrow(Problem)
  })

  it('always reads back what was written', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }).filter((value) => !/[\u0000-\u0008\u000A-\u001F\u007F]/.test(value)), fc.constantFrom('', 'B=2\n', "A='old'\nB=2"), (value, before) => {
      const read = parseSecretsEnv(editSecretsEnv(before, 'A', value))
      expect(read.get('A')).toBe(value)
      if (before !== '') expect(read.get('B')).toBe('2')
    }))
  })
})
