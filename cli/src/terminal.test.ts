import { describe, expect, it } from 'vitest'
import { wantsColour } from './terminal.ts'

describe('wantsColour', () => {
  const none = { noColor: undefined, forceColor: undefined, term: 'xterm-256color', flag: false }
  it.each([
    [none, true, true],
    [none, false, false],
    [{ ...none, noColor: '1' }, true, false],
    [{ ...none, noColor: '' }, true, true],
    [{ ...none, forceColor: '1' }, false, true],
    [{ ...none, forceColor: '0' }, true, false],
    [{ ...none, noColor: '1', forceColor: '1' }, true, false],
    [{ ...none, flag: true, forceColor: '1' }, true, false],
    [{ ...none, term: 'dumb' }, true, false],
  ])('%j on a terminal %s: %s', (wishes, isTerminal, wanted) => {
    expect(wantsColour(wishes, isTerminal)).toBe(wanted)
  })
})
