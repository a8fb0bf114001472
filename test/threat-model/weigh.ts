/** Puts model, evidence and a run of the tests together: which controls are true, and what is counted then. */
import { clearanceEvidence, evidence } from './evidence.ts'
import type { ClearanceEvidence, Evidence } from './evidence.ts'
import { count, findings } from './model.ts'
import type { Clearance, Control, Count, Finding, Model } from './model.ts'
import { exclusions, ourSystem } from './our-system.ts'
import { against } from './report.ts'
import type { Ran } from './report.ts'

export interface Weighed {
  /** Everything that is raised, with the controls that are proven. */
  raw: readonly Finding[]
  rawCount: Count
  /** Without the documented exclusions. */
  countAfterExclusions: Count
  /** What is raised with no control at all: the same system, nothing proven. */
  bareCount: Count
  /** Pairs of (element, control) that are true. */
  proven: ReadonlySet<string>
  /** Entries that hold, and those that do not with the reasons. */
  holding: readonly Evidence[]
  lacking: readonly { entry: Evidence | ClearanceEvidence; reasons: readonly string[] }[]
  clearancesHolding: readonly ClearanceEvidence[]
  /** Findings that would come back if entries counted only by their positive tests were taken away, as entries without an attack are. */
  backWithoutAttacks: number
}

export interface Material { model?: Model; entries?: readonly Evidence[]; clearances?: readonly ClearanceEvidence[] }

export function weigh(ran: readonly Ran[], { model = ourSystem, entries = evidence, clearances = clearanceEvidence }: Material = {}): Weighed {
  const reasons = (entry: Evidence | ClearanceEvidence): string[] => {
    if (entry.tests.length === 0) return ['no test is named']
    if (entry.attacks.length === 0) return ['no attack is named']
    return [...new Set([...entry.tests, ...entry.attacks])].flatMap((reference) => against(ran, reference) ?? [])
  }
  const judged = entries.map((entry) => ({ entry, reasons: reasons(entry) }))
  const judgedClearances = clearances.map((entry) => ({ entry, reasons: reasons(entry) }))
  const holding = judged.filter((one) => one.reasons.length === 0).map((one) => one.entry)
  const clearancesHolding = judgedClearances.filter((one) => one.reasons.length === 0).map((one) => one.entry)
  const pairs = (from: readonly Evidence[]): Set<string> => new Set(from.flatMap((entry) => entry.on.flatMap((id) => entry.controls.map((control) => pair(id, control)))))
  const proven = pairs(holding)
  const cleared = new Map<string, Clearance>(clearancesHolding.flatMap((entry) => entry.on.map((id) => [id, entry.clearance] as const)))
  const raised = (true_: ReadonlySet<string>): Finding[] => findings(model, (id, control) => true_.has(pair(id, control)), (id) => cleared.get(id))
  const raw = raised(proven)
  const shown = raw.filter((finding) => !(finding.rule in exclusions))
  // An attack that is no more than a positive test again is none.
  const withAttack = holding.filter((entry) => entry.attacks.some((attack) => !entry.tests.includes(attack)))
  return {
    raw, proven, holding, clearancesHolding,
    rawCount: count(raw), countAfterExclusions: count(shown), bareCount: count(findings(model)),
    lacking: [...judged, ...judgedClearances].filter((one) => one.reasons.length > 0),
    backWithoutAttacks: raised(pairs(withAttack)).length - raw.length,
  }
}

const pair = (id: string, control: Control): string => `${id} ${control}`
