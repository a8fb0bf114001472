import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { planFixes, planLines, undoFixes } from '../review/fixes.ts'
import { appliedLines, mend } from '../review/mend.ts'
import { reviewLines } from '../review/review-lines.ts'
import { takeReview } from '../review/take-review.ts'

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Find what is wrong with the installation, and mend what is safe to mend',
  topic: 'settings',
  description:
    'Without --fix nothing is changed: it says what it found and shows as a diff what --fix would change. With --fix it shows the same plan, asks, and changes only that: ' +
    'modes of its own files, and settings that are certainly meant otherwise. What was there is kept; --undo brings it back. Run twice, the second time changes nothing.\n\n' +
    'Exits 0 when nothing critical is left, else 1.',
  args: {},
  flags: {
    fix: { kind: 'boolean', summary: 'Make the changes, after showing them' },
    yes: { kind: 'boolean', short: 'y', summary: 'With --fix: do not ask' },
    undo: { kind: 'boolean', summary: 'Take back what the last --fix changed' },
    deep: { kind: 'boolean', summary: 'Also knock at the gateway’s port as a stranger would' },
  },
  json: '{through, findings, checks, plan: [{fix, before}], applied: [{fix, before, failed?}]}',
  examples: ['doctor', 'doctor --fix', 'doctor --undo'],
  async run({ flags }, context) {
    const { terminal, report } = context
    if (flags.undo) {
      if (flags.fix) throw new Problem('usage', '--undo and --fix exclude each other.', { next: 'Give one of them.' })
      const undone = await undoFixes(context)
      report({ undone }, () => appliedLines(undone, terminal.paint))
      return undone.some(({ failed }) => failed !== undefined) ? exitCodes.failed : exitCodes.ok
    }
    const options = { quick: false, deep: flags.deep }
    const found = await takeReview(context, options)
    const mended = flags.fix ? await mend(found, { ...options, yes: flags.yes }, context) : undefined
    const taken = mended?.after ?? found
    const { plan } = await planFixes(taken.review, taken.here, context)
    report({ ...taken.review, through: taken.through, plan, applied: mended?.applied ?? [] }, () => [
      ...reviewLines(taken, terminal.paint, false),
      ...(flags.fix || plan.length === 0 ? [] : ['', `moltbot doctor --fix would change ${plan.length === 1 ? 'this' : `these ${plan.length}`}:`, ...planLines(plan, terminal.paint).map((line) => `  ${line}`)]),
    ])
    return taken.review.findings.some(({ severity }) => severity === 'critical') || (mended?.applied.some(({ failed }) => failed !== undefined) ?? false) ? exitCodes.failed : exitCodes.ok
  },
})
