import { describe, expect, it } from 'vitest'
import { catalogue } from '../attacks/catalogue.ts'
import { clearanceEvidence, evidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { findings } from './model.ts'
import { isNotBuilt, ourSystem } from './our-system.ts'
import { threatModelPage } from './page.ts'
import { idOf, named, readReport } from './report.ts'
import type { Ran } from './report.ts'
import { specification } from './specification.ts'
import { testSources } from './test-sources.ts'
import { weigh } from './weigh.ts'

const ids = new Set([...ourSystem.elements, ...ourSystem.flows].map((part) => part.id))
const all = [...evidence, ...clearanceEvidence]

describe('our system', () => {
  it('keeps every element and flow of the specification, between the same ends and with the same data', () => {
    for (const { id, kind } of specification.elements) expect(ourSystem.elements.find((element) => element.id === id)?.kind, id).toBe(kind)
    for (const { id, from, to, data } of specification.flows) expect(ourSystem.flows.find((flow) => flow.id === id), id).toMatchObject({ from, to, ...(data === undefined ? {} : { data }) })
  })

  it('takes no control and no clearance for granted', () => {
    for (const part of [...ourSystem.elements, ...ourSystem.flows]) expect([part.id, part.controls, part.clearance]).toEqual([part.id, undefined, undefined])
    expect(findings(ourSystem).length).toBeGreaterThan(findings(specification).length)
  })

  it('claims nothing of what is not built', () => {
    expect(all.flatMap((entry) => entry.on.filter(isNotBuilt))).toEqual([])
  })
})

describe('evidence', () => {
  it('speaks of parts there are', () => {
    expect(all.flatMap((entry) => entry.on.filter((id) => !ids.has(id)))).toEqual([])
  })

  it('names files there are, words that stand in them, and cases of the catalogue', () => {
    const texts = testSources()
    const known = new Set(catalogue.map((one) => one.id))
    const wrong = [...new Set(all.flatMap((entry) => [...entry.tests, ...entry.attacks]))].filter((reference) => {
      if (idOf(reference) !== undefined) return !known.has(reference)
      const [file = '', words = ''] = reference.split(' › ', 2)
      const text = texts.get(file)?.replaceAll(/\\(['"`])/g, '$1')
      // A title with a value in it stands in the source with a placeholder.
      return text === undefined || !(text.includes(words) || text.includes(words.replace(/".*?"/, '%j')) || text.includes(words.replace(/\S+$/, '%s')))
    })
    expect(wrong).toEqual([])
  })
})

describe('weighing', () => {
  const passes = (name: string, passed = true, skipped = false): Ran => ({ file: 'x.test.ts', name, titles: [name], passed, skipped })
  const entry: Evidence = { on: ['gateway'], controls: ['validatesInput'], tests: ['x.test.ts › works'], attacks: ['HTTP-01'] }
  const total = (ran: readonly Ran[], one: Evidence = entry): number => weigh(ran, { entries: [one], clearances: [] }).rawCount.total
  const bare = findings(ourSystem).length

  it('counts a control whose tests passed', () => {
    expect(total([passes('it works'), passes('HTTP-01: two lengths')])).toBeLessThan(bare)
  })

  it.each([
    ['a test that failed', [passes('it works', false), passes('HTTP-01: two lengths')]],
    ['one of several that failed', [passes('it works'), passes('HTTP-01: two lengths'), passes('HTTP-01: chunks', false)]],
    ['a test that was left out', [passes('it works'), passes('HTTP-01: two lengths', false, true)]],
    ['a test that is not there', [passes('it works')]],
    ['nothing but a twin', [passes('it works'), passes('HTTP-01 twin: a parser that takes both')]],
  ])('%s makes it false', (_, ran) => {
    expect(total(ran)).toBe(bare)
  })

  it('an entry without an attack counts for nothing', () => {
    expect(total([passes('it works')], { ...entry, attacks: [] })).toBe(bare)
  })

  it('says what would come back if a test shown twice did not count as an attack', () => {
    const ran = [passes('HTTP-01: two lengths')]
    expect(weigh(ran, { entries: [{ ...entry, tests: ['HTTP-01'] }], clearances: [] }).backWithoutAttacks).toBeGreaterThan(0)
  })

  it('writes what lacks, with the reason', () => {
    const page = threatModelPage(weigh([passes('it works')], { entries: [entry], clearances: [] }))
    expect(page).toContain('gateway: validatesInput. HTTP-01: no such test ran.')
    expect(page).toContain('| the specification, as published | 611 | 78 | 246 | 268 | 16 | 3 |')
  })
})

it('a report of vitest is read with its titles, files and ends', () => {
  const ran = readReport(JSON.stringify({ testResults: [{ name: '/root/a/b.test.ts', assertionResults: [{ ancestorTitles: ['AUT-02: tokens'], title: 'a space behind', status: 'passed' }, { title: 'later', status: 'pending' }] }] }), '/root')
  expect(named(ran, 'AUT-02')).toHaveLength(1)
  expect(named(ran, 'a/b.test.ts › later')[0]).toMatchObject({ passed: false, skipped: true })
  expect(named(ran, 'a/c.test.ts › later')).toEqual([])
  expect(() => readReport('{}', '/root')).toThrow(/no JSON report/)
})
