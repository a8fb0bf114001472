import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createKeyDecoder } from './key-decoder.ts'
import type { Key } from './key-decoder.ts'

const typed = '日hi\r\u001B[A\u001B[1;5C\u001BOH\u001Bb\u001B\r\u007F\u0003\u001B[200~two\nlines\u001B[Ainside\u001B[201~x\u001B[99;99Z\u001B[3~'
const meant: Key[] = [
  { kind: 'text', text: '日hi' }, { kind: 'named', name: 'enter' }, { kind: 'named', name: 'up' }, { kind: 'named', name: 'word-right' }, { kind: 'named', name: 'home' },
  { kind: 'named', name: 'word-left' }, { kind: 'named', name: 'newline' }, { kind: 'named', name: 'backspace' }, { kind: 'named', name: 'interrupt' },
  { kind: 'paste', text: 'two\nlines\u001B[Ainside' }, { kind: 'text', text: 'x' }, { kind: 'named', name: 'delete' },
]

it('understands what terminals send', () => {
  expect(createKeyDecoder()(typed)).toEqual(meant)
})

it('takes a lone escape at once', () => {
  expect(createKeyDecoder()('\u001B')).toEqual([{ kind: 'named', name: 'escape' }])
})

it('does not care where sequences and pastes are cut, except right behind the escape', () => {
  const cuts = [...typed].flatMap((_, index) => (typed.charAt(index - 1) === '\u001B' ? [] : [index]))
  fc.assert(fc.property(fc.subarray(cuts), (places) => {
    const decode = createKeyDecoder()
    const keys = [0, ...places].flatMap((from, index) => decode(typed.slice(from, places[index] ?? typed.length)))
    const joined = keys.reduce<Key[]>((all, key) => {
      const last = all.at(-1)
      if (key.kind === 'text' && last?.kind === 'text') return [...all.slice(0, -1), { kind: 'text', text: last.text + key.text }]
      return [...all, key]
    }, [])
    expect(joined).toEqual(meant)
  }))
})
