import { readdirSync, readFileSync } from 'node:fs'
import { reviewFacts } from '@moltbot/contract'
import type { Facts } from '@moltbot/contract'
import { cleanFacts } from '@moltbot/contract/testing'
import { describe, expect, it } from 'vitest'
import { checks } from './index.ts'

describe('the checks shelf', () => {
  it('has one file for each check, named after its id', () => {
    const files = readdirSync(import.meta.dirname).filter((name) => /^[a-z0-9-]+\.ts$/.test(name) && readFileSync(new URL(name, import.meta.url), 'utf8').includes('defineCheck(')).map((name) => name.replace(/\.ts$/, ''))
    expect(checks.map(({ id }) => id.replaceAll(/[._]/g, '-')).toSorted()).toEqual(files.toSorted())
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length)
    expect(new Set(checks.map(({ title }) => title)).size).toBe(checks.length)
  })

  it('is silent about a well-kept installation, having looked at all of it', () => {
    const review = reviewFacts(checks, cleanFacts())
    expect(review.findings).toEqual([])
    expect(review.checks.filter(({ outcome }) => outcome !== 'clean')).toEqual([])
  })

  it('says of checks that need a running gateway that they were not made', () => {
    const facts: Facts = { ...cleanFacts(), live: null, deep: null, listening: null }
    const { checks: made, live, deep } = reviewFacts(checks, facts)
    expect({ live, deep }).toEqual({ live: false, deep: false })
    expect(made.filter(({ outcome }) => outcome === 'not-looked-at').map(({ id }) => id)).toEqual(checks.filter(({ needs }) => needs !== undefined).map(({ id }) => id))
  })

  it('takes a check that fails for a critical finding', () => {
    const broken = { ...checks[0] as (typeof checks)[number], find: () => { throw new Error('no') } }
    expect(reviewFacts([broken], cleanFacts()).findings).toMatchObject([{ check: broken.id, severity: 'critical', evidence: 'The check itself failed: no.' }])
  })

  it('puts the worst first', () => {
    const facts = cleanFacts()
    facts.credentials = []
    facts.node = '20.20.2'
    facts.config.effective['logging'] = { redactSensitive: 'off' }
    expect(reviewFacts(checks, facts).findings.map(({ severity }) => severity)).toEqual(['critical', 'warn', 'info'])
  })

  it('tells nobody a secret: findings are made of facts, which have none', () => {
    const secret = 'CANARY-2f9c71'
    const text = JSON.stringify(cleanFacts())
    expect(text).not.toContain(secret)
    expect(text).not.toMatch(/"(?:token|password|apiKey)":"(?!__MOLTBOT_REDACTED__|")[^"]+"/)
  })
})
