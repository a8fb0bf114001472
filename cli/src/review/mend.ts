import type { CommandContext, Paint } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { applyFixes, planFixes, planLines } from './fixes.ts'
import type { AppliedChange } from './fixes.ts'
import { takeReview } from './take-review.ts'
import type { TakenReview } from './take-review.ts'

export interface Mended {
  /** As it was found. */
  before: TakenReview
  /** Looked at again after the changes; the same as before when nothing was changed. */
  after: TakenReview
  applied: AppliedChange[]
  /** A person said no. */
  declined: boolean
  record: string | undefined
}

/** Shows the plan, asks where a person sits there, makes the changes, and looks again. Notes go to standard error. */
export async function mend(taken: TakenReview, options: { quick: boolean; deep: boolean; yes: boolean }, context: CommandContext): Promise<Mended> {
  const { terminal } = context
  const { plan, elsewhere } = await planFixes(taken.review, taken.here, context)
  const nothing = { before: taken, after: taken, applied: [], record: undefined }
  if (elsewhere > 0) terminal.note(`${elsewhere} more must be done where the gateway runs: moltbot doctor --fix`)
  if (plan.length === 0) {
    terminal.note('Nothing to change.')
    return { ...nothing, declined: false }
  }
  terminal.note(['These changes are made:', ...planLines(plan, terminal.paint).map((line) => `  ${line}`)].join('\n'))
  if (!options.yes && terminal.interactive) {
    const agreed = await (await terminal.prompts()).confirm({ message: plan.length === 1 ? 'Make this change?' : `Make these ${plan.length} changes?`, initial: true })
    if (agreed !== true) return { ...nothing, declined: true }
  }
  const { applied, record } = await applyFixes(plan, context)
  terminal.note(appliedLines(applied, terminal.paint).join('\n'))
  if (record !== undefined) terminal.note('To take it back: moltbot doctor --undo')
  return { before: taken, after: await takeReview(context, { quick: options.quick, deep: options.deep }), applied, declined: false, record }
}

/** One line for each change that was made, or why it was not. */
export function appliedLines(applied: readonly AppliedChange[], paint: Paint): string[] {
  return applied.map(({ fix, failed }) => {
    const what = printableLine(fix.kind === 'chmod' ? `mode of ${fix.path} is ${fix.mode.toString(8)}` : `${fix.path} is ${fix.value === undefined ? 'not set' : JSON.stringify(fix.value)}`)
    return failed === undefined ? `${paint.green('✓')} ${what}` : `${paint.red('✗')} ${printableLine(fix.path)}: ${printableLine(failed)}`
  })
}
