import { describe, expect, it } from 'vitest'
import { cleared, granted, improvements } from './improvements.ts'
import type { Improvement } from './improvements.ts'
import { controls, count, derived, findings, properties } from './model.ts'
import type { Control, Grants, Model } from './model.ts'
import { readCondition, rules } from './rules.ts'
import { specification } from './specification.ts'

const shown = (taken: readonly Improvement[], grants: Grants = granted(taken)): string => {
  const { total, by } = count(findings(specification, grants, cleared(taken)))
  return [total, by.VH, by.H, by.M, by.L, by.VL].join(' ')
}

describe('the rules', () => {
  it('ask only for words there are', () => {
    const known: readonly string[] = [...controls, ...properties, ...derived]
    expect(rules.flatMap((rule) => readCondition(rule.gone).words.filter((word) => !known.includes(word)).map((word) => `${rule.id}: ${word}`))).toEqual([])
    expect(new Set(rules.map((rule) => rule.id)).size).toBe(rules.length)
  })

  it('read their conditions with the usual strength', () => {
    const holds = (text: string, ...words: string[]): boolean => readCondition(text).holds((word) => words.includes(word))
    expect(holds('a / b & c', 'b')).toBe(false)
    expect(holds('a / b & c', 'a')).toBe(true)
    expect(holds('(a / b) & c', 'a')).toBe(false)
    expect(holds('not a & b', 'b')).toBe(true)
    expect(holds('not (a & b)', 'a')).toBe(true)
    for (const broken of ['', 'a &', '(a', 'a b', 'a)']) expect(() => readCondition(broken), broken).toThrow(/"/)
  })
})

describe('the specification, counted', () => {
  it('gives 611 = 78 / 246 / 268 / 16 / 3', () => {
    expect(shown([])).toBe('611 78 246 268 16 3')
  })

  it('gives the published counts of single rules and elements', () => {
    const found = findings(specification)
    const times = (rule: string): number => found.filter((finding) => finding.rule === rule).length
    expect(Object.fromEntries(['DS06', 'AC06', 'AC21', 'HA01', 'INP23', 'INP28', 'CR06', 'DR01', 'AC22', 'AC07', 'AC09', 'CR05', 'DS03'].map((rule) => [rule, times(rule)])))
      .toEqual({ DS06: 28, AC06: 3, AC21: 6, HA01: 2, INP23: 3, INP28: 10, CR06: 29, DR01: 28, AC22: 1, AC07: 2, AC09: 3, CR05: 9, DS03: 3 })
    const on = (id: string): number => found.filter((finding) => finding.on === id).length
    expect(Object.fromEntries(['mobile', 'cli', 'macos', 'gateway', 'router', 'plugins', 'media', 'agent', 'executor', 'approvals', 'cron', 'session-store', 'cli→gateway', 'credential-store→gateway', 'plugins→gateway'].map((id) => [id, on(id)])))
      .toEqual({ 'mobile': 44, 'cli': 43, 'macos': 42, 'gateway': 35, 'router': 34, 'plugins': 34, 'media': 34, 'agent': 33, 'executor': 33, 'approvals': 33, 'cron': 8, 'session-store': 4, 'cli→gateway': 7, 'credential-store→gateway': 8, 'plugins→gateway': 5 })
  })

  it('falls with each of the eight improvements as published', () => {
    expect(improvements.map((_, index) => shown(improvements.slice(0, index + 1)))).toEqual([
      '605 78 245 268 11 3', '429 50 188 181 7 3', '403 47 175 171 7 3', '390 41 169 171 6 3', '366 31 159 167 6 3', '153 3 38 106 3 3', '96 3 19 68 3 3', '41 0 4 37 0 0',
    ])
  })

  it('falls with each improvement alone as published', () => {
    expect(improvements.map((improvement) => 611 - Number(shown([improvement]).split(' ')[0]))).toEqual([6, 176, 26, 13, 24, 230, 64, 50])
  })

  it('leaves only the two quirks: no VPN flag, no XML parser', () => {
    const left = findings(specification, granted(improvements), cleared(improvements)).map((finding) => finding.rule)
    expect([...new Set(left)].toSorted()).toEqual(['DE03', 'INP19', 'INP21', 'INP22'])
  })

  it('rises again when one control is withdrawn, as published', () => {
    const back: [Control, number][] = [
      ['validatesInput', 173], ['isEncrypted', 88], ['sanitizesInput', 67], ['checksDestinationRevocation', 52], ['authenticatesDestination', 50], ['authorizesSource', 46],
      ['encodesOutput', 45], ['implementsAuthenticationScheme', 39], ['handlesResourceConsumption', 28], ['authenticatesSource', 24], ['implementsPOLP', 23], ['hasAccessControl', 23],
      ['checksInputBounds', 19], ['usesStrongSessionIdentifiers', 16], ['isResilient', 10], ['isHardened', 9], ['providesIntegrity', 8], ['verifySessionIdentifiers', 6],
      ['usesSecureFunctions', 6], ['implementsCSRFToken', 6], ['disablesiFrames', 6], ['definesConnectionTimeout', 6], ['validatesHeaders', 4], ['validatesContentType', 4],
      ['usesCodeSigning', 4], ['invokesScriptFilters', 4], ['usesMFA', 0], ['disablesDTD', 0], ['encryptsCookies', 0],
    ]
    expect(back.map(([control]) => [control, Number(shown(improvements, granted(improvements, control)).split(' ')[0]) - 41])).toEqual(back)
  })

  it('rises by eight, two of them very high, with a model that does everything and an agent', () => {
    const more: Model = {
      ...specification,
      elements: [
        ...specification.elements,
        { id: 'llm', name: 'A model', kind: 'model', has: ['isThirdParty', 'processesPersonalData', 'hasRAG', 'hasAgentCapabilities', 'hasAccessToSensitiveSystems', 'executesCode', 'hasSystemPrompt', 'processesUntrustedInput'] },
        { id: 'tools', name: 'An agent', kind: 'agent', has: ['usesExternalTools'] },
      ],
    }
    const { total, by } = count(findings(more))
    expect([total, by.VH]).toEqual([619, 80])
  })
})
