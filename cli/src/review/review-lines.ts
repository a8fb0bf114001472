import type { Paint, Review, Severity } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import type { TakenReview } from './take-review.ts'

const signs: Readonly<Record<Severity, string>> = { critical: '✗', warn: '⚠', info: 'ℹ' }
const words: Readonly<Record<Severity, string>> = { critical: 'critical', warn: 'warning', info: 'note' }

/** The review for a person: with `all` a line for everything that is as it should be, then what was found, then one line that sums up. */
export function reviewLines(taken: TakenReview, paint: Paint, all: boolean): string[] {
  const { review, because } = taken
  const clean = review.checks.filter(({ outcome }) => outcome === 'clean')
  return [
    ...(all ? clean.map(({ title }) => `✅ ${printableLine(title)}`) : []),
    ...(all && clean.length > 0 && review.findings.length > 0 ? [''] : []),
    ...review.findings.flatMap((finding) => findingLines(finding, review, paint)),
    ...(because === undefined ? [] : [paint.dim(because)]),
    sumLine(review, paint),
  ]
}

function findingLines({ check, severity, subject, evidence, remedy, fix }: Review['findings'][number], review: Review, paint: Paint): string[] {
  const title = review.checks.find(({ id }) => id === check)?.title ?? check
  const colour = severity === 'critical' ? paint.red : severity === 'warn' ? paint.yellow : paint.cyan
  return [
    `${colour(`${signs[severity]} ${words[severity]}`)}  ${paint.bold(printableLine(subject))}  ${paint.dim(check)}`,
    `    Not so: ${printableLine(title)}.`,
    `    ${printableLine(evidence)}`,
    `    → ${printableLine(remedy)}${fix === undefined ? '' : paint.dim(' (moltbot doctor --fix does it)')}`,
  ]
}

function sumLine(review: Review, paint: Paint): string {
  const count = (severity: Severity): number => review.findings.filter((finding) => finding.severity === severity).length
  const found = (['critical', 'warn', 'info'] as const).flatMap((severity) => (count(severity) === 0 ? [] : [`${count(severity)} ${words[severity]}${count(severity) === 1 || severity === 'critical' ? '' : 's'}`]))
  const clean = review.checks.filter(({ outcome }) => outcome === 'clean').length
  const unseen = review.checks.filter(({ outcome }) => outcome === 'not-looked-at').length
  const rest = `${clean} of ${review.checks.length} checks found nothing${unseen === 0 ? '' : `, ${unseen} could not look`}`
  if (found.length === 0) return paint.green(`✅ Nothing found: ${rest}.`)
  return `${count('critical') > 0 ? paint.red(`✗ ${found.join(', ')}`) : paint.yellow(`⚠ ${found.join(', ')}`)}; ${rest}.`
}
