import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '../../scripts/source-tree.ts'
import { idOf } from '../threat-model/report.ts'
import type { Ran } from '../threat-model/report.ts'
import { testSources } from '../threat-model/test-sources.ts'
import { catalogue, catalogueGroups } from './catalogue.ts'
import { cataloguePage } from './catalogue-page.ts'

const test = (title: string, more: Partial<Ran> = {}): Ran => ({ file: 'a.test.ts', name: title, titles: [title], passed: true, skipped: false, ...more })
const rowOf = (ran: readonly Ran[], id: string): string => cataloguePage(ran).split('\n').find((line) => line.startsWith(`| ${id} |`)) ?? ''

describe('the catalogue', () => {
  it('has every case of every group', () => {
    expect(Object.fromEntries(catalogueGroups.map(({ prefix, cases }) => [prefix, cases.length]))).toEqual({
      HTTP: 18, WSH: 12, WSF: 17, AUT: 20, ORG: 12, SES: 10, UI: 15, CFG: 15, CHN: 24, WHK: 12, MED: 16, PTH: 10, EXE: 22, SBX: 22, NET: 12, INJ: 15, PLG: 14,
      SEC: 6, AUD: 8, BAK: 8, CRD: 8, DOS: 14, DUR: 13, TIM: 2, DSK: 3, OPS: 12,
    })
  })

  it('knows every id a test begins with', () => {
    const ids = new Set(catalogue.map((one) => one.id))
    const prefixes = new Set(catalogueGroups.map((group) => group.prefix))
    const unknown = [...testSources()].flatMap(([path, text]) => [...text.matchAll(/\b(?:it|test|describe)(?:\.\w+(?:\(.*\))?)*\(\s*['"`]([^'"`]+)/g)].flatMap((found) => {
      const id = idOf(found[1] ?? '')?.id
      return id === undefined || !prefixes.has(id.split('-')[0] ?? '') || ids.has(id) ? [] : [`${path} ${id}`]
    }))
    expect(unknown).toEqual([])
  })

  it('is written down', () => {
    expect(readFileSync(join(projectRoot, 'docs/attack-catalogue.md'), 'utf8')).toContain('| HTTP-01 |')
  })
})

describe('the table', () => {
  it('says passed only where everything of a case passed', () => {
    expect(rowOf([test('CFG-01: a')], 'CFG-01')).toContain('| passed |')
    expect(rowOf([test('CFG-01: a'), test('CFG-01: b', { passed: false })], 'CFG-01')).toContain('| failed |')
    expect(rowOf([test('CFG-01: a'), test('CFG-01: b', { passed: false, skipped: true })], 'CFG-01')).toContain('| left out |')
    expect(rowOf([], 'CFG-01')).toContain('| not yet |')
  })

  it('finds a case by the title above its tests, and never by words in the middle', () => {
    expect(rowOf([test('is refused', { titles: ['CFG-02: poison', 'is refused'] })], 'CFG-02')).toContain('| passed |')
    expect(rowOf([test('as CFG-02 says')], 'CFG-02')).toContain('| not yet |')
    expect(rowOf([test('CFG-021')], 'CFG-02')).toContain('| not yet |')
  })

  it('counts twins apart', () => {
    const row = rowOf([test('CFG-03 twin: an unbounded reader is caught')], 'CFG-03')
    expect(row).toContain('| not yet |')
    expect(row).toMatch(/\| passed \|$/)
  })
})
