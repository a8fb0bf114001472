import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderContent } from '../../channels/discord/src/markdown.ts'
import { renderText as renderPlain } from '../../channels/imessage/src/plain-text.ts'
import { renderText as renderStyles } from '../../channels/signal/src/styles.ts'
import { renderText as renderMrkdwn } from '../../channels/slack/src/mrkdwn.ts'
import { renderText as renderHtml } from '../../channels/telegram/src/html.ts'
import { renderText as renderWhatsApp } from '../../channels/whatsapp/src/markdown.ts'
import { sayable } from '../../gateway/src/journey/outbox/sayable.ts'
import { splitMarkdown } from '../../gateway/src/journey/outbox/split.ts'
import { parseHtml } from '../fakes/telegram-server/index.ts'
import { fuzzRuns, fuzzTimeoutMs } from '../support/fuzz-runs.ts'
import { markdownDocument } from './markdown-documents.ts'

/** What is wrong with one message as it leaves for a network; '' for nothing. `markdown`: the part it was made of. */
type Judge = (markdown: string) => string

const control = /[^\P{Cc}\n\t]/u
const plainFaults = (text: string, markdown: string, lengthMax: number): string => {
  if (control.test(text)) return 'a control character'
  if (!text.isWellFormed()) return 'half a surrogate pair'
  if (text.length > lengthMax) return `${text.length} of ${lengthMax}`
  return text.trim() === '' && markdown.trim() !== '' ? 'no words' : ''
}
const fences = (text: string): number => text.split('```').length - 1

const networks: Record<string, { max: number; lines?: number; judge: Judge }> = {
  Telegram: {
    max: 4_000,
    judge(markdown) {
      const { text, parse_mode: mode } = renderHtml(markdown)
      const parsed = mode === undefined ? { ok: true as const, text, entities: [] } : parseHtml(text)
      if (!parsed.ok) return parsed.description
      const led = parsed.entities.find(({ url }) => url !== undefined && !/^(https?|tg|mailto):/i.test(url))
      return led === undefined ? plainFaults(parsed.text, markdown, 4_096) : `a link to ${led.url}`
    },
  },
  Discord: {
    max: 2_000, lines: 17,
    judge(markdown) {
      const text = renderContent(markdown)
      if (text !== markdown && fences(text) % 2 !== 0) return 'an open fence'
      return plainFaults(text, markdown, 2_000)
    },
  },
  Slack: {
    max: 8_000,
    judge(markdown) {
      const text = renderMrkdwn(markdown)
      for (const [, inside = ''] of text.matchAll(/<([^>]*)>/g)) if (!/^(https?:|mailto:)[^\s|]*(\|[^|\n]*)?$/i.test(inside)) return `<${inside}> is live`
      if (text.replace(/<[^<>]*>/g, '').includes('<')) return 'a bracket that is open'
      if (/&(?!amp;|lt;|gt;)/.test(text)) return 'a sign that is not escaped'
      return plainFaults(text, markdown, 40_000)
    },
  },
  WhatsApp: {
    max: 8_000,
    judge(markdown) {
      const text = renderWhatsApp(markdown)
      return text !== markdown && fences(text) % 2 !== 0 ? 'an open fence' : plainFaults(text, markdown, 65_536)
    },
  },
  Signal: {
    max: 8_000,
    judge(markdown) {
      const { text, styles } = renderStyles(markdown)
      for (const { start, length } of styles) {
        if (start < 0 || length <= 0 || start + length > text.length) return 'a style beyond the text'
        if (!text.slice(start, start + length).isWellFormed()) return 'a style that begins in the middle of a sign'
      }
      return Buffer.byteLength(text) > 65_536 ? 'too many bytes' : plainFaults(text, markdown, 65_536)
    },
  },
  iMessage: { max: 8_000, judge: (markdown) => plainFaults(renderPlain(markdown), markdown, 20_000) },
}

const bare = (text: string): string => text.replaceAll(/\s+/g, '')
const opening = /^[ \t>*+\d.)-]*(`{3,}|~{3,})/
/** The signs of a fence at a place, however many: one that ends a block may be longer than the one that began it, and is written as that one. */
const signsAt = (all: string, place: number): number => /^(?:`+|~+)/.exec(all.slice(place, place + 100))?.[0].length ?? 0

/** Whether parts are the text again: nothing is missing, nothing doubled, nothing out of order, but for fences and heads of tables that were repeated, and space. */
function isWhole(parts: readonly string[], text: string): boolean {
  const all = bare(text)
  let places = new Set([0])
  for (const part of parts) {
    const lines = part.split('\n')
    const hasHead = lines.length > 2 && /^[ >]*\|?[ :|-]+\|?$/.test(lines[1] ?? '') && (lines[1] ?? '').includes('-')
    let after = places
    lines.forEach((line, at) => {
      const words = bare(line)
      const next = new Set([...after].filter((place) => all.startsWith(words, place)).map((place) => place + words.length))
      if (opening.test(line)) after.forEach((place) => next.add(place))
      // Where space is left out, the signs of a word that is code may follow at once.
      if (/^(?:`+|~+)$/.test(words)) after.forEach((place) => { for (let signs = words.length; all.startsWith(words, place) && signs <= signsAt(all, place); signs += 1) next.add(place + signs) })
      if (hasHead && at === 1) places.forEach((place) => next.add(place))
      after = next.size === 0 && hasHead && at === 0 ? after : next
    })
    places = after
  }
  return places.has(all.length)
}

describe('CHN-22: splitting', () => {
  it('CHN-22: the parts of any document are the document again, each within the length and the lines its network takes', () => {
    fc.assert(fc.property(markdownDocument, fc.integer({ min: 60, max: 2_000 }), fc.option(fc.integer({ min: 1, max: 40 })), (document, max, linesMax) => {
      const text = sayable(document).trim()
      const parts = splitMarkdown(text, max, linesMax ?? undefined)
      const misfit = parts.find((part) => part.length > max || part.split('\n').length > (linesMax ?? part.length + 1) || part.trim() === '' || !part.isWellFormed())
      expect([misfit, isWhole(parts, text) ? '' : parts]).toEqual([undefined, ''])
    }), fuzzRuns(200))
  }, fuzzTimeoutMs)

  it('CHN-22: a fence that ends with more signs than it began with is whole, whatever follows it', () => {
    const text = '```\n\tindented\n\n````\n\n\n`@everyone0` 0.'
    const parts = splitMarkdown(text, 60, 3)
    expect([parts.length, isWhole(parts, text), isWhole(parts.slice(0, 1), text)]).toEqual([2, true, false])
  })

  it('CHN-22 twin: a splitter that drops or doubles a word is caught', () => {
    const text = Array.from({ length: 60 }, (_, at) => `word${at}`).join(' ')
    const parts = splitMarkdown(text, 100)
    expect(isWhole(parts, text)).toBe(true)
    expect([parts.slice(1), [...parts, parts[0] ?? ''], parts.toReversed(), parts.map((part) => part.slice(1))].map((broken) => isWhole(broken, text))).toEqual([false, false, false, false])
  })
})

describe('CHN-22: rendering', () => {
  it('CHN-22: every part of any document is one that Telegram, Discord, Slack, WhatsApp, Signal and iMessage take, with nothing open and nobody called', () => {
    fc.assert(fc.property(markdownDocument, fc.double({ min: 0, max: 1, noNaN: true }), (document, share) => {
      const text = sayable(document).trim()
      // Several networks take the same room: what is cut alike is cut once.
      const cut = new Map<string, string[]>()
      for (const [network, { max, lines, judge }] of Object.entries(networks)) {
        const parts = cut.get(`${max}/${lines}`) ?? splitMarkdown(text, Math.round(200 + share * (max - 200)), lines)
        cut.set(`${max}/${lines}`, parts)
        for (const part of parts) {
          const fault = judge(part)
          if (fault !== '') expect([network, fault, part]).toEqual([network, '', ''])
        }
      }
    }), fuzzRuns(200))
  }, fuzzTimeoutMs)

  it('CHN-22 twin: words that are sent as they come are caught', () => {
    const caught = (render: (text: string) => string, judge: (text: string) => boolean): boolean => fc.check(fc.property(markdownDocument, (document) => !judge(render(document))), { numRuns: 500 }).failed
    expect(caught((text) => text, (text) => control.test(text))).toBe(true)
    expect(caught((text) => text, (text) => !parseHtml(text).ok)).toBe(true)
    expect(caught((text) => text, (text) => /<[!@#]/.test(text))).toBe(true)
    expect(caught((text) => text.slice(0, 300), (text) => fences(text) % 2 !== 0)).toBe(true)
  })
})
