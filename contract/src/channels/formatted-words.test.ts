import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderHtml } from '../../../channels/telegram/src/html.ts'
import { parseHtml } from '../../../test/fakes/telegram-server/index.ts'
import { formattedWords, type FormattedRange, markRanges } from './formatted-words.ts'

type Kind = FormattedRange['kind']
const at = (text: string, kind: Kind, part: string, more: object = {}): FormattedRange => ({ kind, start: text.indexOf(part), length: part.length, ...more }) as FormattedRange
const marked = (text: string, ...parts: [Kind, string, object?][]): string => formattedWords(text, parts.map(([kind, part, more]) => at(text, kind, part, more)))

describe('formatting becomes Markdown that says the same', () => {
  it.each<[string, [Kind, string, object?][], string]>([
    ['a bold word', [['bold', 'bold']], 'a **bold** word'],
    ['both at once', [['bold', 'at'], ['italic', 'at']], 'both **_at_** once'],
    ['all of this and that', [['italic', 'of this and'], ['bold', 'this']], 'all _of **this** and_ that'],
    ['over and lapping words', [['bold', 'over and'], ['italic', 'and lapping']], '**over _and_** _lapping_ words'],
    ['gone, hidden, under, x < y here', [['strike', 'gone'], ['spoiler', 'hidden'], ['underline', 'under'], ['code', 'x < y']], '~~gone~~, ||hidden||, <u>under</u>, `x < y` here'],
    ['see this now', [['link', 'this ', { url: 'https://e.org/a_(b)' }]], 'see [this](https://e.org/a_%28b%29) now'],
    ['no such link', [['link', 'such', { url: 'javascript:x' }]], 'no such link'],
    ['run:\nlet a = `b`\nthen', [['block', 'let a = `b`', { language: 'ts' }]], 'run:\n```ts\nlet a = `b`\n```\nthen'],
    ['press `x` or y now', [['code', '`x` or y']], 'press `` `x` or y `` now'],
    ['they said\nthis\n\nthat\nand I', [['quote', 'this\n\nthat']], 'they said\n> this\n>\n> that\n\nand I'],
    ['a*b and _c_ and snake_case, 2 * 3 **x', [['bold', 'and']], 'a\\*b **and** \\_c\\_ and snake_case, 2 * 3 \\*\\*x'],
    ['**Note:**ok go', [['italic', 'go']], '\\*\\*Note:\\*\\*ok _go_'],
    ['List\n- milk\n1. egg\n# no', [['bold', 'List']], '**List**\n\\- milk\n1\\. egg\n\\# no'],
    ['un👍do it', [['bold', '👍']], 'un**\u200b👍\u200b**do it'],
    ['a「重要」b c', [['bold', '「重要」']], 'a**\u200b「重要」\u200b**b c'],
    ['see https://e.org/a_b_ and x', [['bold', 'x']], 'see https://e.org/a_b_ and **x**'],
    ['nothing *here* is_ - formatted', [], 'nothing *here* is_ - formatted'],
  ])('%j', (text, parts, markdown) => expect(marked(text, ...parts)).toBe(markdown))

  it.each<[string, [Kind, string, object?][], string]>([
    ['/status now', [['bold', 'now']], '/status now'],
    ['/new this\nand that', [['bold', 'this'], ['bold', 'that']], '/new this\nand **that**'],
    ['/read this now', [['link', 'this', { url: 'https://e.org' }]], '/read this (https://e.org) now'],
    ['/pair ABCD2345', [['code', 'ABCD2345']], '/pair ABCD2345'],
    ['stop', [['bold', 'stop']], 'stop'],
    [' stop', [['code', 'stop']], ' stop'],
    ['stop', [['strike', 'stop']], '~~stop~~'],
    ['one\ntwo', [['bold', 'one\ntwo']], '**one\ntwo**'],
    ['see `x\ny\n', [['code', '`x\ny']], 'see\n```\n`x\ny\n```'],
  ])('what is compared word for word stays plain: %j', (text, parts, words) => expect(marked(text, ...parts)).toBe(words))
})

const letters = 'abcdefghij'
const piece = fc.constantFrom(...letters, ...letters, ' ', ' ', '\n', '\n\n', '!', '.', '(', ')', '*', '**', '_', '`', '~', '[', ']', '<', '>', '|', '&amp;', '\\', '# ', '- ', '1. ', '> ', '---', '👍', '👩‍👩‍👧', 'é', '重', '「', ' https://e.org/a_b* ')
const text = fc.array(piece, { minLength: 1, maxLength: 30 }).map((pieces) => `x${pieces.join('')}y`)
/** What the network's own renderer can show again, so that nothing is lost on the way. */
const kinds = ['bold', 'italic', 'strike', 'code', 'quote', 'link'] as const
const range = (length: number): fc.Arbitrary<FormattedRange> => fc.record({ start: fc.nat(length - 1), length: fc.integer({ min: 1, max: 12 }), kind: fc.constantFrom(...kinds) })
  .map(({ start, length: wanted, kind }) => ({ kind, start, length: Math.min(wanted, length - start), ...(kind === 'link' ? { url: 'https://example.org/' } : {}) }) as FormattedRange)
const cutsAddress = (words: string, at: number): boolean => [...words.matchAll(/https:\/\/\S+/g)].some(({ 0: address, index }) => index < at && at < index + address.length)
/** Code of several lines is another thing on the way back, and backticks in code within a link not every reader knows: both have tests of their own. A quote ends a line, also within an address. */
const formatted = text.chain((words) => fc.tuple(fc.constant(words), fc.array(range(words.length), { minLength: 1, maxLength: 6 })))
  .map(([words, ranges]) => [words, ranges.filter(({ kind, start, length }) => kind === 'code' ? !/[\n`]/.test(words.slice(start, start + length)) : kind !== 'quote' || ![start, start + length].some((edge) => cutsAddress(words, edge)))] as const)
  .filter(([, ranges]) => ranges.length > 0)
const typeOf: Record<Kind, string> = { bold: 'bold', italic: 'italic', strike: 'strikethrough', code: 'code', quote: 'blockquote', link: 'text_link', block: 'pre', underline: 'underline', spoiler: 'spoiler' }

interface Marked { kind: string; start: number; end: number }

/** Each letter with the marks on it, but for those of addresses, which marks never cut. */
function lettersOf(words: string, marks: readonly Marked[]): string[] {
  const masked = words.replace(/https:\/\/e\.org\/a_b/g, (address) => ' '.repeat(address.length))
  return [...masked.matchAll(/[\p{L}\p{N}]/gu)].map(({ 0: letter, index }) =>
    [letter, ...new Set(marks.filter(({ start, end }) => start <= index && index < end).map(({ kind }) => kind))].toSorted().join(' '))
}

describe('formatting survives the way there and back', () => {
  it('every letter has exactly the marks it had, however ranges nest, touch, overlap or cut characters', () => {
    fc.assert(fc.property(formatted, ([words, ranges]) => {
      const markdown = markRanges(words, ranges)
      const parsed = parseHtml(renderHtml(markdown))
      if (!parsed.ok) throw new Error(parsed.description)
      const back = parsed.entities.filter(({ url }) => url === undefined || url === 'https://example.org/').map(({ type, offset, length }) => ({ kind: type, start: offset, end: offset + length }))
      const given = ranges.map(({ kind, start, length }) => ({ kind: typeOf[kind], start, end: start + length }))
      const plain = (shown: string): string => shown.replace(/\u200b|\s/g, '')
      expect(plain(parsed.text)).toBe(plain(words))
      expect(lettersOf(parsed.text, back)).toEqual(lettersOf(words, given))
    }), { numRuns: 1_000 })
  })

  it('hostile ranges never throw and never take long', () => {
    const hostile = fc.record({ kind: fc.constantFrom(...kinds, 'block' as const, 'spoiler' as const, 'underline' as const), start: fc.oneof(fc.integer(), fc.double(), fc.nat(40)), length: fc.oneof(fc.integer(), fc.double(), fc.nat(40)), url: fc.constantFrom('x', 'https://e.org', 7, undefined) })
    fc.assert(fc.property(text, fc.array(hostile, { maxLength: 20 }), (words, ranges) => void expect(typeof formattedWords(words, ranges as never)).toBe('string')), { numRuns: 500 })
    const long = 'ab*_~ https://e.org/))) \n'.repeat(2_600)
    const many = Array.from({ length: 20_000 }, (_, index) => ({ kind: kinds[index % 4] ?? 'bold', start: (index * 7) % 60_000, length: 1 + (index % 900) }) as FormattedRange)
    const begun = performance.now()
    expect(formattedWords(long, many).length).toBeGreaterThan(long.length)
    expect(formattedWords(`https://e.org/${')'.repeat(60_000)}a ${'_'.repeat(60_000)}b${'\n \n'.repeat(10_000)}`, many).length).toBeGreaterThan(1)
    // Far more than it takes (some tens of ms), far less than what grows with the square would.
    expect(performance.now() - begun).toBeLessThan(10_000)
  })
})
