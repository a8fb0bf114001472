import { markRanges } from '@moltbot/contract'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readEvents } from './event-line.ts'
import { renderStyles } from './styles.ts'

const shown = (markdown: string): unknown => {
  const { text, styles } = renderStyles(markdown)
  return [text, ...styles.map(({ start, length, style }) => `${style}=${text.slice(start, start + length)}`)]
}

it.each([
  ['**bold *both*** `x < y` ~~gone~~', ['bold both x < y gone', 'BOLD=bold both', 'ITALIC=both', 'MONOSPACE=x < y', 'STRIKETHROUGH=gone']],
  ['# Title\n\n🎉 **after** an emoji', ['Title\n\n🎉 after an emoji', 'BOLD=Title', 'BOLD=after']],
  ['- one\n  - two\n- [x] done\n\n1. a\n2. b', ['• one\n  • two\n• ☑ done\n\n1. a\n2. b']],
  ['> quoted\n> words', ['> quoted\n> words']],
  ['[here](https://e.org) <https://e.org> [no](javascript:alert(1))', ['here (https://e.org) https://e.org no']],
  ['| a | b |\n|---|--:|\n| 1 | 2 |', ['a | b\n--+--\n1 | 2', 'MONOSPACE=a | b\n--+--\n1 | 2']],
  ['a ||hidden **one**|| <u>u</u> a || b', ['a hidden one u a || b', 'SPOILER=hidden one', 'BOLD=one']],
  ['&lt;b&gt; \\*plain\\*', ['<b> *plain*']],
])('shows %j', (markdown, expected) => expect(shown(markdown)).toEqual(expected))

it('what comes with styles goes out with the same ones', () => {
  const kinds = { BOLD: 'bold', ITALIC: 'italic', STRIKETHROUGH: 'strike', MONOSPACE: 'code' } as const
  const names = Object.keys(kinds) as (keyof typeof kinds)[]
  const words = fc.array(fc.constantFrom('a', 'b', 'c ', 'd\n', '👍', '*', '_', '~', '!', '- '), { minLength: 1, maxLength: 20 }).map((parts) => `x${parts.join('')}y`)
  const given = words.chain((text) => fc.tuple(fc.constant(text), fc.array(fc.record({ style: fc.constantFrom(...names), start: fc.nat(text.length - 1), length: fc.integer({ min: 1, max: 6 }) }), { minLength: 1, maxLength: 5 })))
    .map(([text, all]) => [text, all.filter(({ style, start, length }) => start + length <= text.length && (style !== 'MONOSPACE' || !text.slice(start, start + length).includes('\n')))] as const)
    .filter(([, all]) => all.length > 0)
  const letters = (text: string, all: readonly { style: string; start: number; length: number }[]): string[] => [...text.matchAll(/[a-z]/g)].map(({ 0: letter, index }) =>
    [letter, ...new Set(all.filter(({ start, length }) => start <= index && index < start + length).map(({ style }) => style))].toSorted().join(' '))
  fc.assert(fc.property(given, ([text, all]) => {
    const back = renderStyles(markRanges(text, all.map(({ style, start, length }) => ({ kind: kinds[style], start, length }))))
    expect(letters(back.text, back.styles)).toEqual(letters(text, all))
  }), { numRuns: 500 })
})

it('no range ever leaves the text', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('**', '*', '`', '```\n', '~~', '# ', '- ', '> ', '\n', '\n\n', ' ', 'a', '👩‍👩‍👧', '[x](https://e.org)', '| a |\n|---|\n| b |\n', '&amp;'), { maxLength: 30 }), (parts) => {
    const { text, styles } = renderStyles(parts.join(''))
    for (const { start, length } of styles) expect(start >= 0 && length > 0 && start + length <= text.length).toBe(true)
  }), { numRuns: 2_000 })
})

it('CHN-07: events are read however they are cut, and one without an end takes no room', async () => {
  const wire = Buffer.from(':\nevent:receive\ndata:{"a":"ü👍"}\n\n:\r\ndata: {"b":1}\r\n\r\ndata:one\ndata:two\n\n')
  await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), async (sizes) => {
    const heard: string[] = []
    await readEvents(cut(wire, sizes), async (data) => void heard.push(data), () => {})
    expect(heard).toEqual(['{"a":"ü👍"}', '{"b":1}', 'one\ntwo'])
  }), { numRuns: 100 })
  const heard: string[] = []
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('data:')
    for (let index = 0; index < 1_024; index++) yield Buffer.alloc(64 * 1024, 97)
    yield Buffer.from('\n\ndata:next\n\n')
  }
  const before = process.memoryUsage().heapUsed
  await readEvents(endless(), async (data) => void heard.push(data), () => {})
  expect(heard).toEqual(['next'])
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
})

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}
