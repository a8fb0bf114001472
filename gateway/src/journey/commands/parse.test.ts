import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { thinkingLevels } from '@moltbot/contract'
import { chatCommands } from './index.ts'
import { parseCommand } from './parse.ts'

const read = (text: string, fresh: string[] = []): string => {
  const parsed = parseCommand(text, chatCommands, (name) => (name === 'big' ? 'a/big' : undefined), fresh)
  if (parsed.kind === 'command') return `/${parsed.command.name}(${parsed.args})`
  return `text(${parsed.text})${parsed.thinking === undefined ? '' : ` thinking=${String(parsed.thinking)}`}${parsed.model === undefined ? '' : ` model=${parsed.model}`}`
}

describe('a command', () => {
  it.each([
    ['/stop', '/stop()'], [' /stop \n', '/stop()'], ['/STOP', '/stop()'], ['/stop:', '/stop()'], ['/model: big', '/model(big)'], ['/reset', '/new()'], ['/new  two words', '/new(two words)'],
    ['/new\ntwo\nlines', '/new(two\nlines)'], ['/id', '/whoami()'], ['/t', '/think()'], ['/compact keep the dates', '/compact(keep the dates)'],
    ['stop', '/stop()'], [' Wait ', '/stop()'], ['ESC', '/stop()'],
    ['/think high', '/think(high)'], ['/think high why?', 'text(why?) thinking=high'], ['/think max\n\nwhy?', 'text(why?) thinking=xhigh'], ['/model big hello', 'text(hello) model=a/big'], ['/model small hello', '/model(small hello)'],
  ])('%j is %s', (text, expected) => { expect(read(text)).toBe(expected) })

  it.each([
    'stop it', 'please stop', 'stop.', '> /stop', '`/stop`', '```\n/stop\n```', 'say /stop', '/etc/passwd', '/stop/now', '//stop', '/ stop', '/unknown', '/stop@other_bot', '/help@me now', '/ѕtop', '／stop', '/stop\u0000x',
    '', '/', '-/stop', '"/new"', '/constructor', '/__proto__', '/toString',
  ])('%j is ordinary text', (text) => { expect(read(text)).toBe(`text(${text})`) })

  it('no word that every object has is a thinking level', () => {
    for (const word of ['constructor', '__proto__', 'toString', 'valueOf', 'hasOwnProperty']) {
      expect(read(`/think ${word} hello`)).toBe(`/think(${word} hello)`)
    }
  })

  it('own words that begin afresh count as a whole word at the beginning only', () => {
    const fresh = ['fresh start', ' ', '', '/new']
    expect(read('Fresh start', fresh)).toBe('/new()')
    expect(read('fresh start  with this', fresh)).toBe('/new(with this)')
    expect(read('fresh starting', fresh)).toBe('text(fresh starting)')
    expect(read('a fresh start', fresh)).toBe('text(a fresh start)')
    expect(read('anything', fresh)).toBe('text(anything)')
  })

  it('never throws, and loses no text that is none', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const parsed = parseCommand(text, chatCommands, () => undefined)
      if (parsed.kind === 'text' && parsed.thinking === undefined) expect(parsed.text).toBe(text)
      if (parsed.kind === 'text' && parsed.thinking !== undefined) expect(thinkingLevels).toContain(parsed.thinking)
    }))
  })
})
