import { describe, expect, test } from 'vitest'
import type { Check, Facts, Finding } from '../check.ts'
import { severities } from '../check.ts'
import { applyFix, cleanFacts } from './sample-facts.ts'
import type { ChangeableFacts } from './sample-facts.ts'

export interface CheckSuite {
  /** Bad states and what must be found in each; the whole list. `change` gets a well-kept installation. */
  faults: Record<string, { change: (facts: ChangeableFacts) => void; finds: { subject: string; severity?: Finding['severity']; evidence?: RegExp }[]; /** True: each finding has a fix, and after all of them none is left. */ mended?: boolean }>
  /** Good states that look similar and must not be found. */
  harmless?: Record<string, (facts: ChangeableFacts) => void>
}

/** The promises every check makes: silent on a well-kept installation, finds each seeded fault, repeatable, changes nothing, and what it proposes mends what it found. */
export function testCheck(check: Check, suite: CheckSuite): void {
  describe(`the check ${check.id}`, () => {
    test('has an id, a severity and a title that states what is true when nothing is found', () => {
      expect(check.id).toMatch(/^[a-z0-9]+(?:[._][a-z0-9]+)+$/)
      expect(severities).toContain(check.severity)
      expect(check.title).toMatch(/^[A-Z].*[^.]$/)
    })

    test('finds nothing in a well-kept installation', () => {
      expect(check.find(frozen(cleanFacts()))).toEqual([])
    })

    for (const [name, change] of Object.entries(suite.harmless ?? {})) {
      test(`finds nothing: ${name}`, () => {
        expect(check.find(changed(change))).toEqual([])
      })
    }

    for (const [name, fault] of Object.entries(suite.faults)) {
      test(`finds: ${name}`, () => {
        const facts = changed(fault.change)
        const found = check.find(facts)
        expect(found.map(({ subject }) => subject).toSorted()).toEqual(fault.finds.map(({ subject }) => subject).toSorted())
        for (const [index, { subject, severity, evidence }] of fault.finds.entries()) {
          const finding = found.filter((each) => each.subject === subject)[fault.finds.slice(0, index).filter((each) => each.subject === subject).length]
          expect(finding?.severity).toBe(severity ?? check.severity)
          if (evidence !== undefined) expect(finding?.evidence).toMatch(evidence)
        }
        for (const finding of found) {
          expect(finding.check).toBe(check.id)
          expect(severities.indexOf(finding.severity), 'worse than the check says it can be').toBeGreaterThanOrEqual(severities.indexOf(check.severity))
          expect(finding.evidence).toMatch(/^\S.*[.!]$/)
          expect(finding.remedy).toMatch(/^[A-Z].*[.!]$|: [^ ].*$/)
        }
        expect(check.find(facts), 'the same facts, other findings').toEqual(found)
      })

      test(`${fault.mended === true ? 'mends' : 'proposes only what mends'}: ${name}`, () => {
        const facts = changed(fault.change)
        const found = check.find(facts)
        const fixes = found.flatMap((finding) => check.fix?.(facts, finding) ?? [])
        expect(fixes.length, 'findings with a fix').toBe(fault.mended === true ? found.length : fixes.length)
        if (fault.mended !== true && fixes.length === 0) return
        const after = fixes.reduce<Facts>((state, fix) => applyFix(state, fix), facts)
        expect(check.find(after).length).toBe(fault.mended === true ? 0 : found.length - fixes.length)
      })
    }
  })
}

function changed(change: (facts: ChangeableFacts) => void): Facts {
  const facts = cleanFacts()
  change(facts)
  return frozen(facts)
}

/** A check that changes what it looks at fails here. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) frozen(each)
  }
  return value
}
