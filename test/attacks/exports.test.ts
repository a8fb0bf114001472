import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '@moltbot/contract'
import { countingIds, realClock } from '@moltbot/contract/testing'
import { auditMigrations, createAudit, type Audit } from '../../gateway/src/foundation/audit/index.ts'
import { exportLines } from '../../gateway/src/foundation/audit/find-lines.ts'
import { openStore } from '../../gateway/src/foundation/storage/index.ts'
import { createKeptFiles } from '../../gateway/src/journey/outbox/kept-files.ts'

describe('UI-12: what is handed out to be kept (the record; conversations are not exported)', () => {
  let store: Store
  let audit: Audit
  const newId = countingIds()
  beforeAll(async () => {
    store = await openStore({ file: ':memory:', migrations: auditMigrations })
    audit = createAudit({ store, clock: realClock, newId, key: Buffer.alloc(32, 7), mask: (text) => text })
  })
  afterAll(() => store.close())

  const corpus = [
    '=HYPERLINK("http://evil.example","x")', '+1+cmd|\' /C calc\'!A0', '@SUM(A1)', '-2+3', '</script><script>alert(1)</script>', '<img src=x onerror=alert(1)>', '[x](javascript:alert(1))', '"}\n{"act":"forged","outcome":"done"}', 'a\r\nb', '\u001b[2J\u001b]0;owned\u0007', '\u009b31mred',
    '\u2028{"act":"forged"}\u2029', '\u0085next', '\u007f', '\u202egnp.exe', '\ufeff', '__proto__',
  ]
  /** What another program could take for more than one entry, or a terminal for an order. */
  const faults = (lines: readonly string[]): string[] => lines.filter((line) => /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufeff]/u.test(line) || !line.startsWith('{'))

  it.each(['jsonl', 'ocsf'] as const)('UI-12: every line of the record as %s is one entry in letters that steer nothing, and what was hidden is written out', async (format) => {
    for (const text of corpus) await store.transaction((tx) => audit.append(tx, { act: 'message.denied', principal: null, subject: `test:${text}`, outcome: 'deny', reason: text, facts: { text, [text]: 1 } }))
    const { lines } = await exportLines(store.read, { format, limit: 1_000 }, { host: 'test', version: '0' } as never)
    expect(lines.length).toBeGreaterThanOrEqual(corpus.length)
    expect(faults(lines)).toEqual([])
    const read = JSON.stringify(lines.map((line) => JSON.parse(line) as unknown))
    const writtenOut = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202e\ufeff]/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)
    expect(corpus.filter((text) => !read.includes(JSON.stringify(writtenOut(text)).slice(1, -1)))).toEqual([])
  })

  it('UI-12 twin: lines that are written as they come are caught', () => {
    expect(faults(corpus.map((text) => JSON.stringify({ text }))).length).toBeGreaterThan(4)
    expect(faults(corpus.map((text) => `{"text":"${text}"}`)).length).toBeGreaterThan(8)
  })
})

describe('MED-13: the same file very often', () => {
  const bytes = (one: number): Buffer => Buffer.from(`%PDF-1.4 the report ${one}`)

  async function filesLeft(isNamed: () => boolean): Promise<{ same: number; distinct: number; after: number }> {
    const folder = join(mkdtempSync(join(tmpdir(), 'moltbot-kept-')), 'files')
    const files = createKeptFiles(folder, async () => isNamed())
    const count = (): number => readdirSync(folder).length
    try {
      const same = await Promise.all(Array.from({ length: 300 }, () => files.keep({ fileName: 'report.pdf', bytes: bytes(0) })))
      const held = count()
      const distinct = await Promise.all(Array.from({ length: 100 }, (_, one) => files.keep({ fileName: 'report.pdf', bytes: bytes(one) })))
      const many = count()
      for (const { release } of [...same, ...distinct]) await release()
      return { same: held, distinct: many, after: count() }
    } finally {
      rmSync(join(folder, '..'), { recursive: true, force: true })
    }
  }

  it('MED-13: sent three hundred times at once it lies on the disk once, and what nobody waits for any more lies there no longer', async () => {
    expect(await filesLeft(() => false)).toEqual({ same: 1, distinct: 100, after: 0 })
  })

  it('MED-13 twin: a shelf that is never cleared is caught', async () => {
    expect((await filesLeft(() => true)).after).toBe(100)
  })
})
