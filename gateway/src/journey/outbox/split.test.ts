import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitMarkdown } from './split.ts'

/** What a person reads, without what the splitter may repeat or drop: space, fences, repeated table heads. */
function bare(text: string): string {
  return text.replace(/^ {0,3}(```|~~~)[^\n]*$/gm, '').replace(/\s+/g, '')
}
const word = fc.stringMatching(/^[a-zA-Z0-9äöüß'(),:;-]{1,14}$/)
const sentence = fc.array(word, { minLength: 1, maxLength: 14 }).map((words) => `${words.join(' ')}.`)
const link = fc.tuple(word, word).map(([text, host]) => `[${text.replace(/[()]/g, '')}](https://example.org/${encodeURIComponent(host.replace(/[()]/g, ''))}/a-long-path-that-must-stay-whole)`)
const code = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => `\`${words.join(' ')}\``)
const paragraph = fc.array(fc.oneof(sentence, link, code, word.map((text) => `**${text.replace(/[()]/g, 'x')}**`)), { minLength: 1, maxLength: 12 }).map((bits) => bits.join(' '))
const fence = fc.tuple(fc.constantFrom('', 'ts', 'python'), fc.array(fc.stringMatching(/^[a-z =+()0-9]{0,60}$/), { minLength: 1, maxLength: 30 })).map(([language, lines]) => `\`\`\`${language}\n${lines.map((line) => line || 'x').join('\n')}\n\`\`\``)
const list = fc.array(sentence, { minLength: 1, maxLength: 10 }).map((items) => items.map((item) => `- ${item}`).join('\n'))
const document = fc.array(fc.oneof(paragraph, fence, list), { minLength: 1, maxLength: 8 }).map((blocks) => blocks.join('\n\n'))

describe('splitting Markdown', () => {
  it('loses nothing, keeps the order, and keeps every part within the limit', () => {
    fc.assert(fc.property(document, fc.integer({ min: 200, max: 1_000 }), (text, max) => {
      const parts = splitMarkdown(text, max)
      expect(parts.every((part) => part.length <= max && part.trim() !== '')).toBe(true)
      expect(bare(parts.join('\n'))).toBe(bare(text))
    }), { numRuns: 300 })
  })
  it('never leaves a fence open', () => {
    fc.assert(fc.property(document, fc.integer({ min: 120, max: 600 }), (text, max) => {
      for (const part of splitMarkdown(text, max)) expect((part.match(/^```/gm) ?? []).length % 2).toBe(0)
    }), { numRuns: 300 })
  })
  it('never cuts a link that fits into a part', () => {
    fc.assert(fc.property(fc.array(fc.oneof(sentence, link), { minLength: 2, maxLength: 25 }), (bits) => {
      const links = bits.filter((bit) => bit.startsWith('['))
      const joined = splitMarkdown(bits.join(' '), 300)
      for (const each of links) expect(joined.some((part) => part.includes(each))).toBe(true)
    }), { numRuns: 300 })
  })
  it('never cuts between the halves of an emoji', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('😀', '👩', '🎉'), { minLength: 50, maxLength: 300 }), fc.integer({ min: 21, max: 90 }), (emoji, max) => {
      const parts = splitMarkdown(emoji.join(''), max)
      expect(parts.join('')).toBe(emoji.join(''))
      for (const part of parts) expect(part.isWellFormed()).toBe(true)
    }))
  })
  it('survives any text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 3_000, unit: 'binary' }), fc.integer({ min: 1, max: 300 }), (text, max) => {
      for (const part of splitMarkdown(text, max)) expect(part.length).toBeLessThanOrEqual(Math.max(max, 2))
    }), { numRuns: 300 })
  })
  it('closes and opens a fence that is too long, with its language', () => {
    const parts = splitMarkdown(`Before.\n\n\`\`\`ts\n${Array.from({ length: 40 }, (_, line) => `const line${line} = ${line}`).join('\n')}\n\`\`\`\n\nAfter.`, 300)
    expect(parts.length).toBeGreaterThan(2)
    for (const part of parts.filter((each) => each.includes('const'))) expect(part).toMatch(/```ts\n[\s\S]*\n```/)
    expect(parts.at(-1)).toContain('After.')
  })
  it('does not take a quoted fence in a program for its end', () => {
    const text = `\`\`\`md\n${'a line\n'.repeat(8)}> \`\`\`\`\n> still the program\n\`\`\``
    const parts = splitMarkdown(text, 60)
    expect(parts.join('\n')).toContain('> ````')
    for (const part of parts) expect(part).toMatch(/^```md\n[\s\S]*\n```$/)
  })
  it('cuts what no reader takes apart as plain text', () => {
    const parts = splitMarkdown(`- a\n  >+\n  \tb\n\n${'words '.repeat(40)}`, 100)
    expect(parts.join(' ').replaceAll(/\s+/g, ' ')).toBe(`- a >+ b ${'words '.repeat(40)}`.trim())
  })
  it('repeats the head of a table', () => {
    const rows = Array.from({ length: 30 }, (_, row) => `| name ${row} | value ${row} |`).join('\n')
    const parts = splitMarkdown(`| a | b |\n|---|---|\n${rows}`, 250)
    expect(parts.length).toBeGreaterThan(2)
    for (const part of parts) expect(part.startsWith('| a | b |\n|---|---|')).toBe(true)
  })
  it('keeps short text as it is, and nothing for nothing', () => {
    expect(splitMarkdown('Hello *you*', 4_000)).toEqual(['Hello *you*'])
    expect(splitMarkdown('  \n ', 4_000)).toEqual([])
  })
  it('keeps lines within a line limit', () => {
    const parts = splitMarkdown(Array.from({ length: 60 }, (_, line) => `- item ${line}`).join('\n'), 2_000, 17)
    for (const part of parts) expect(part.split('\n').length).toBeLessThanOrEqual(17)
  })
})
