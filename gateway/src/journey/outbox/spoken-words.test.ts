import { describe, expect, it } from 'vitest'
import { shortened, spokenWords } from './spoken-words.ts'

describe('words as they are said aloud', () => {
  it.each([
    ['plain words', 'Good morning. It is *nine*.', 'Good morning. It is nine.', true],
    ['layout', '# Today\n\n- **milk** ✅\n- bread 🍞\n\n1. first\n2. second', 'Today.\nmilk.\nbread.\n1: first.\n2: second.', true],
    ['a link, by its words', 'See [the guide](https://example.org/a?b=c).', 'See the guide.', false],
    ['an address, by its host', 'See https://www.example.org/a/b?c=1 or <https://example.net/>', 'See a link to example.org or a link to example.net.', false],
    ['a program', 'Run this:\n\n```sh\nrm -rf /\n```\n\nThen `npm test`.', 'Run this:\nThere is a piece of code in the text.\nThen npm test.', false],
    ['a table', '| a | b |\n| - | - |\n| 1 | 2 |', 'There is a table in the text.', false],
    ['what nobody can say', '🙂 --- ***', '', true],
  ])('%s', (_, markdown, text, whole) => {
    expect(spokenWords(markdown)).toEqual({ text, whole })
  })

  it('leaves what no reader could take apart in time', () => {
    expect(spokenWords(`${'['.repeat(20_000)}x`).text).toBe('')
  })

  it('ends behind a sentence when it is too long, else behind a word, and says so', () => {
    const long = `${'A sentence of thirty letters. '.repeat(10)}`
    const short = shortened(long, 150)
    expect(short).toEqual({ text: `${'A sentence of thirty letters. '.repeat(4).trim()}\nThe rest is in the text.`, shortened: true })
    expect(shortened('word '.repeat(100), 120).text).toMatch(/^(?:word )+word…\nThe rest is in the text\.$/)
    expect(shortened('x'.repeat(500), 120).text.length).toBeLessThanOrEqual(121)
    expect(shortened('short', 120)).toEqual({ text: 'short', shortened: false })
  })
})
