import { expect, it } from 'vitest'
import { speakable } from './read-aloud.ts'

it('says an answer as a person would: no marks, no addresses, code and tables by name', () => {
  expect(speakable([
    '# Plan', '', '- take the **train**', '2. see [the map](https://maps.example/x?y=1) or https://b.example/very/long', '> a `word`',
    '| a | b |', '| --- | --- |', '| 1 | 2 |', 'after', '```sh', 'rm -r x', '```', 'end',
  ].join('\n'))).toEqual(['Plan', 'take the train', 'see the map or b.example', 'a word', 'A table.', 'after', 'Some code.', 'end'])
})

it('cuts what is long at the end of a sentence, else between words, else anywhere, and reads no book', () => {
  const pieces = speakable(`${'Some words. '.repeat(60)}\n${'word '.repeat(100)}\n${'x'.repeat(500)}`)
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(220)
  expect(pieces[0]?.endsWith('words.')).toBe(true)
  expect(pieces.join('').replaceAll(' ', '')).toBe(`${'Somewords.'.repeat(60)}${'word'.repeat(100)}${'x'.repeat(500)}`)
  expect(speakable('a '.repeat(50_000)).join(' ').length).toBeLessThanOrEqual(20_000)
})
