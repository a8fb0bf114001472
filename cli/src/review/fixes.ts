import { constants } from 'node:fs'
import { lstat, mkdir, open, readFile, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem, describeError } from '@moltbot/contract'
import type { CommandContext, Fix, Paint, Review } from '@moltbot/contract'
import { openConfig } from '../config-access.ts'
import type { ConfigAccess } from '../config-access.ts'
import { printableLine } from '../printable.ts'
import { asFields, asList, asText } from '../wire-fields.ts'
import { writeFileAtomically } from '../write-file-atomically.ts'

/** One change with what is there now. `before` undefined: not set. */
export interface PlannedChange {
  fix: Fix
  before: unknown
}

export interface AppliedChange extends PlannedChange {
  /** Why it did not work; absent: done. */
  failed?: string
}

/** What the review proposes, each change once, without those that are no change. `here`: the review's files are on this computer. */
export async function planFixes(review: Review, here: boolean, context: CommandContext): Promise<{ plan: PlannedChange[]; elsewhere: number }> {
  const fixes = review.findings.flatMap(({ fix }) => (fix === undefined ? [] : [fix])).filter((fix, index, all) => all.findIndex((other) => other.kind === fix.kind && other.path === fix.path) === index)
  const doable = fixes.filter((fix) => fix.kind !== 'chmod' || here)
  const plan: PlannedChange[] = []
  let access: ConfigAccess | undefined
  for (const fix of doable) {
    const before = fix.kind === 'chmod' ? await modeOf(fix.path) : await (access ??= await openConfig(context)).get(fix.path)
    const wanted = fix.kind === 'chmod' ? fix.mode : fix.value
    if (JSON.stringify(before) !== JSON.stringify(wanted) && (fix.kind !== 'chmod' || before !== undefined)) plan.push({ fix, before })
  }
  return { plan, elsewhere: fixes.length - doable.length }
}

/** The plan as a diff: what goes, what comes. */
export function planLines(plan: readonly PlannedChange[], paint: Paint): string[] {
  return plan.flatMap(({ fix, before }) => {
    const [old, now] = fix.kind === 'chmod' ? [octal(before), octal(fix.mode)] : [before === undefined ? undefined : JSON.stringify(before), JSON.stringify(fix.value)]
    const name = printableLine(fix.kind === 'chmod' ? `mode of ${fix.path}` : fix.path)
    return [name, ...(old === undefined ? [] : [paint.red(`  - ${printableLine(old)}`)]), paint.green(`  + ${printableLine(now)}`)]
  })
}

/** Makes the changes one by one and keeps what was there, so that `undoFixes` can bring it back. One that fails does not stop the others. */
export async function applyFixes(plan: readonly PlannedChange[], context: CommandContext): Promise<{ applied: AppliedChange[]; record: string | undefined }> {
  const { machine, clock } = context
  const record = join(machine.stateDir, 'backups', `doctor-${clock.now()}.json`)
  const done: PlannedChange[] = []
  const applied: AppliedChange[] = []
  if (plan.length > 0) await mkdir(join(machine.stateDir, 'backups'), { recursive: true, mode: 0o700 })
  for (const change of plan) {
    try {
      // Written before the change: a crash in between leaves an undo of nothing, not a change without undo.
      await writeFileAtomically(record, `${JSON.stringify([...done, change], null, 2)}\n`)
      await apply(change.fix, context)
      done.push(change)
      applied.push(change)
    } catch (error) {
      applied.push({ ...change, failed: describeError(error) })
    }
  }
  if (done.length > 0) await writeFileAtomically(record, `${JSON.stringify(done, null, 2)}\n`)
  return { applied, record: done.length > 0 ? record : undefined }
}

/** Brings back what the latest fix that was not undone found, in reverse. Throws `Problem('undo-nothing')` when there is none. */
export async function undoFixes(context: CommandContext): Promise<AppliedChange[]> {
  const folder = join(context.machine.stateDir, 'backups')
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^doctor-\d+\.json$/.test(name)).toSorted((a, b) => Number(/\d+/.exec(a)?.[0]) - Number(/\d+/.exec(b)?.[0]))
  const latest = names.at(-1)
  if (latest === undefined) throw new Problem('undo-nothing', 'There is nothing to undo here.', { next: 'Earlier texts of the configuration are in the folder backups/ of the state directory.' })
  const kept = asList(JSON.parse(await readFile(join(folder, latest), 'utf8')) as unknown).map(changeOf).toReversed()
  const undone: AppliedChange[] = []
  for (const { fix, before } of kept) {
    const back: PlannedChange = { fix: fix.kind === 'chmod' ? { ...fix, mode: Number(before) } : { ...fix, value: before }, before: fix.kind === 'chmod' ? fix.mode : fix.value }
    try {
      await apply(back.fix, context)
      undone.push(back)
    } catch (error) {
      undone.push({ ...back, failed: describeError(error) })
    }
  }
  await rename(join(folder, latest), join(folder, `${latest}.undone`))
  return undone
}

async function apply(fix: Fix, context: CommandContext): Promise<void> {
  if (fix.kind === 'chmod') return setMode(fix.path, fix.mode)
  const access = await openConfig(context)
  if (fix.value === undefined) await access.unset(fix.path)
  else await access.set(fix.path, fix.value)
}

/** Through the opened file, so that nothing put in its place meanwhile is changed; a link is refused. */
async function setMode(path: string, mode: number): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ELOOP') throw new Problem('file-not-plain', `${path} is a link.`, { next: 'Replace the link by the file itself, then try again.' })
    throw new Problem('mode-failed', `The mode of ${path} could not be changed: ${error.message}.`, { next: 'Check who owns it.', cause: error })
  })
  try {
    await handle.chmod(mode)
  } finally {
    await handle.close()
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).mode & 0o1777
  } catch {
    // Gone since the review: nothing to change.
    return undefined
  }
}

function changeOf(kept: unknown): PlannedChange {
  const { fix: written, before } = asFields(kept)
  const fix = asFields(written)
  const path = asText(fix['path'])
  const mode = fix['mode']
  if (path !== undefined && fix['kind'] === 'chmod' && typeof mode === 'number' && typeof before === 'number') return { fix: { kind: 'chmod', path, mode }, before }
  if (path !== undefined && fix['kind'] === 'config') return { fix: { kind: 'config', path, value: fix['value'] }, before }
  throw new Problem('undo-broken', 'The record of the last fix cannot be read.', { next: 'Earlier texts of the configuration are in the folder backups/ of the state directory.' })
}

function octal(mode: unknown): string {
  return Number(mode).toString(8).padStart(3, '0')
}
