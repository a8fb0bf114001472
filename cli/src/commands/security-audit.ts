import { defineCommand, exitCodes } from '@moltbot/contract'
import { mend } from '../review/mend.ts'
import { reviewLines } from '../review/review-lines.ts'
import { takeReview } from '../review/take-review.ts'

export const securityAudit = defineCommand({
  name: 'security audit',
  summary: 'Look at the whole installation for weak spots',
  topic: 'look',
  description:
    'Reviews files and their modes, the configuration, secrets, the port, connected networks, people, devices and models, and says what to do about each finding. ' +
    'Works with and without a running gateway; only a running one can tell of devices, people and queues.\n\n' +
    'Exits 0 when nothing critical was found, else 1.',
  args: {},
  flags: {
    deep: { kind: 'boolean', summary: 'Also knock at the gateway’s port as a stranger would' },
    fix: { kind: 'boolean', summary: 'Make the safe changes, after showing them (see moltbot doctor)' },
    yes: { kind: 'boolean', short: 'y', summary: 'With --fix: do not ask' },
    quick: { kind: 'boolean', summary: 'Only the essential checks' },
    all: { kind: 'boolean', summary: 'Also list what is as it should be' },
  },
  json: '{takenAt, stateDir, live, deep, through, findings: [{check, severity, subject, evidence, remedy, fix?}], checks: [{id, title, severity, outcome}], applied?}',
  examples: ['security audit', 'security audit --deep --json'],
  async run({ flags }, context) {
    const options = { quick: flags.quick, deep: flags.deep }
    const found = await takeReview(context, options)
    const mended = flags.fix ? await mend(found, { ...options, yes: flags.yes }, context) : undefined
    const taken = mended?.after ?? found
    context.report({ ...taken.review, through: taken.through, ...(mended === undefined ? {} : { applied: mended.applied }) }, () => reviewLines(taken, context.terminal.paint, flags.all))
    return taken.review.findings.some(({ severity }) => severity === 'critical') ? exitCodes.failed : exitCodes.ok
  },
})
