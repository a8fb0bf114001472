import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import Value from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Problem, type Store } from '@moltbot/contract'
import { countingIds, realClock } from '@moltbot/contract/testing'
import { auditMigrations, createAudit, type Audit } from '../../gateway/src/foundation/audit/index.ts'
import { createLeakScan } from '../../gateway/src/foundation/egress/leak-scan.ts'
import { createLog, logSection, maskedProblem, type Log } from '../../gateway/src/foundation/log/index.ts'
import { createRedactor, textMax } from '../../gateway/src/foundation/log/redactor.ts'
import { openStore } from '../../gateway/src/foundation/storage/index.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'

/** Of letters that stand in none of the texts around it: what is found of it is no chance. */
const secret = fc.stringMatching(/^[QWXZ2-9][QWXZ2-9+/=&%"'\\ -]{14,60}[QWXZ2-9]$/)
const around = fc.string({ unit: fc.constantFrom(...'abc .,:=\n'), maxLength: 30 })
/** Whether eight characters of it in a row can be read: its first six and last four may be. */
const shows = (text: string, value: string, length = 8): boolean => Array.from({ length: Math.max(0, value.length - length + 1) }, (_, at) => value.slice(at, at + length)).some((piece) => text.includes(piece))
const spellings = (value: string): string[] => [
  value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('hex'), Buffer.from(value).toString('base64'), Buffer.from(value).toString('base64url'),
]

describe('SEC-02: a known secret', () => {
  it('SEC-02: is nowhere left in a text of any length, in any spelling, also where the text is cut', () => {
    fc.assert(fc.property(secret, around, around, fc.nat({ max: 90 }), fc.nat({ max: 5 }), (value, before, after, back, how) => {
      const redactor = createRedactor(() => 0, () => undefined)
      redactor.configure({ redactSensitive: 'off', redactPatterns: [] })
      redactor.hide(value)
      const form = spellings(value)[how] ?? value
      // Base64 among other letters shows its ends; what is hidden is what stands by itself of them.
      const inner = how >= 4 ? form.slice(4, -6) : form
      for (const filling of ['', 'a'.repeat(textMax - before.length - back)]) {
        const shown = redactor.mask(`${before}${filling}\n${form}\n${after}`)
        if (inner.length >= 8) expect(shows(shown, inner)).toBe(false)
      }
    }), fuzzRuns(150))
  })

  it('SEC-02: in pieces of a body is seen however it is cut', () => {
    fc.assert(fc.property(secret, around, around, fc.array(fc.nat({ max: 200 }), { maxLength: 12 }), fc.nat({ max: 5 }), (value, before, after, cuts, how) => {
      const scan = createLeakScan()
      scan.add(value)
      const body = Buffer.from(`${before}${spellings(value)[how] ?? value}${after}`)
      const places = [0, ...cuts.map((cut) => cut % (body.length + 1)), body.length].sort((a, b) => a - b)
      const saw = scan.stream()
      const seen = places.slice(1).map((end, index) => saw(body.subarray(places[index], end)))
      // `JSON.stringify` of a value with quotes is another text; it is found where it is the value itself.
      if (how !== 2 || !/["\\]/.test(value)) expect(seen.some(Boolean)).toBe(true)
    }), fuzzRuns(500))
  })

  it('SEC-02 twin: a scan that looks at each piece alone is found out', () => {
    const failed = fc.check(fc.property(secret, fc.nat({ max: 60 }), (value, cut) => {
      const scan = createLeakScan()
      scan.add(value)
      return [value.slice(0, cut), value.slice(cut)].some((piece) => scan.found(piece))
    }), { numRuns: 200 }).failed
    expect(failed).toBe(true)
  })
})

describe('SEC-01: every sink', () => {
  let folder: string
  let log: Log
  let store: Store
  let audit: Audit
  let shown = ''
  const newId = countingIds()
  // What is hidden stays hidden, and there is a bound to it; every try has a log of its own.
  const open = (): Log => createLog({ stateDir: folder, values: { ...Value.Create(logSection.schema), level: 'debug', consoleLevel: 'debug' }, clock: realClock, console: { write: (text) => { shown += text }, color: false } })
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'redaction-'))
    log = open()
    store = await openStore({ file: ':memory:', migrations: auditMigrations })
    audit = createAudit({ store, clock: realClock, newId, key: Buffer.alloc(32, 7), mask: (text) => log.mask(text) })
  })
  afterAll(async () => {
    log.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('SEC-01: log file, console, record and failures show no secret, as a message, key, value, cause, address or part of a longer text', async () => {
    await fc.assert(fc.asyncProperty(secret, around, around, fc.boolean(), async (value, before, after, long) => {
      log.close()
      log = open()
      log.hide(value)
      const text = `${before}${long ? 'a'.repeat(8_180) : ''}${value}${after}`
      shown = ''
      log.info(text, { text, [text]: 1, nested: [{ deep: new Map([[text, new Set([text])]]) }], error: new Error(text, { cause: new Problem('x', text, { details: { [text]: text } }) }) })
      log.child(text).warn('from a room')
      const subject = newId('subject')
      await store.transaction((tx) => audit.append(tx, { act: 'message.denied', principal: null, subject, outcome: 'deny', reason: text, place: text, facts: { text, deep: { list: [text], [text]: 1 } } }))
      const bare = Object.assign(Object.create(null) as Record<string, unknown>, { text })
      const told = maskedProblem(new Problem('x', text, { next: text, details: { text, bare, list: [[text]], [text]: 1 } }), log.mask) as Problem
      const everything = [shown, told.explain(), JSON.stringify(told.details), JSON.stringify(await audit.about(subject))].join('\n')
      const written = JSON.stringify(value).slice(1, -1)
      expect([shows(everything, value) || shows(everything, written, 14) ? everything : '', value]).toEqual(['', value])
    }), fuzzRuns(60))
    expect(readFileSync(log.door.file, 'utf8').length).toBeGreaterThan(10_000)
  })
})
