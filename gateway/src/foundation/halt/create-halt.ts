import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, ownerPrincipal, Problem, type ChatRef, type Clock, type Logger, type Principal, type Store, type Tx } from '@moltbot/contract'
import { evidenceIn, incidentFolder, keepEvidence } from './evidence.ts'
import { readState, tellOnce, writeState } from './ledger.ts'
import { createSecondFactor, type FactorVault } from './second-factor.ts'
import type { HaltActor, HaltDoor, HaltState, PanicReport } from './types.ts'

/** An entry of the record, in the transaction of what it tells. */
export interface HaltEntry { act: `panic.${string}` | `gateway.${string}`; principal: Principal['id'] | null; subject: string; outcome: 'done' | 'deny' | 'failed'; reason: string; facts?: Record<string, unknown> }

export interface HaltOptions {
  store: Store
  clock: Clock
  log: Logger
  stateDir: string
  random(bytes: number): Buffer
  vault: FactorVault
  /** How the authenticator names this gateway. */
  label: string
  record(tx: Tx, entry: HaltEntry): Promise<void>
  /** What it holds; handed in by `main.ts`. `hold` and `release` take effect before they return. */
  acts: {
    /** Nothing new begins. `panic`: nothing leaves either, but words of the gateway itself. */
    hold(kind: 'paused' | 'panic'): void
    release(): void
    /** Ends every turn and every command with its whole tree. Resolves when nothing of them is left. */
    stopWork(): Promise<{ turns: number; commands: number }>
    waiting(): number
    /** Lets go of what waits. Resolves with how many messages that were. */
    forget(): Promise<number>
    /** What shall no longer count: each a step of its own. */
    revoke: Readonly<Record<'browsers' | 'devices' | 'grants' | 'approvals', (by: HaltActor) => Promise<number>>>
    /** What is found before anything is ended, by file name; each must be quick. */
    found(): Readonly<Record<string, () => Promise<string> | string>>
    /** What is found afterwards. */
    foundAfter(): Readonly<Record<string, () => Promise<string> | string>>
  }
}

export interface Halt extends HaltDoor {
  /** What a message of this person is answered while it waits, once for each place; undefined: nothing. In the transaction that takes the message in. */
  noteFor(tx: Tx, chat: ChatRef, principal: Principal): Promise<string | undefined>
  /** Undefined while it works. Else resolves when it works again or `signal` aborts. */
  whenGoing(signal: AbortSignal): Promise<void> | undefined
  /** Takes up what the last process left: holds what was held, ends a panic that was not done, begins one that was asked for meanwhile. Called once, before anything is continued. */
  start(): Promise<void>
}

/** A step of a panic that has not ended by then is told as a fault; the next ones are taken. */
const stepDeadlineMs = 15_000
const foundDeadlineMs = 3_000
/** Made by the command line while no gateway runs: the next start begins with a panic. */
export const requestName = 'panic-requested'

export async function createHalt(options: HaltOptions): Promise<Halt> {
  const { store, clock, log, acts, stateDir } = options
  let state: HaltState = await readState(store.read)
  const goers = new Set<() => void>()
  let panicking: Promise<PanicReport> | undefined
  const request = join(stateDir, requestName)
  const factor = createSecondFactor({
    store, clock, vault: options.vault, file: join(stateDir, 'resume-code'), random: options.random, label: options.label,
    onWrong: (tx, by, locked) => options.record(tx, { act: 'panic.code-refused', principal: by.principal, subject: 'second factor', outcome: 'deny', reason: locked ? 'wrong again; none is looked at for a while' : 'a wrong code', facts: { via: by.via } }),
  })

  async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
    let cancel = (): void => undefined
    const late = new Promise<never>((_, reject) => { cancel = clock.after(ms, () => reject(new Error(`it took longer than ${ms / 1000} s`))) })
    try {
      return await Promise.race([work, late])
    } finally {
      cancel()
    }
  }

  async function goOn(): Promise<void> {
    acts.release()
    for (const go of [...goers]) go()
  }

  /** Every step of a panic, each taken whatever became of the others. */
  async function takeSteps(by: HaltActor): Promise<PanicReport> {
    const startedAt = clock.now()
    const again = state.kind === 'panic'
    const faults: string[] = []
    const attempt = async <T>(what: string, work: () => Promise<T> | T, otherwise: T, ms = stepDeadlineMs): Promise<T> => {
      try {
        return await withDeadline(Promise.resolve().then(work), ms)
      } catch (error) {
        faults.push(`${what}: ${describeError(error)}`)
        log.error('A step of the panic failed.', { step: what, error: describeError(error) })
        return otherwise
      }
    }
    const before: HaltState = state
    const incident = state.kind === 'panic' ? state.incident : await attempt('the folder for what was found', () => incidentFolder(stateDir, startedAt), join(stateDir, 'incidents'))
    const now = before.kind === 'panic' ? before : { kind: 'panic' as const, since: startedAt, by: by.principal, via: by.via, incident, done: false }
    // Held before it is written down: a full disk must not keep anything running.
    state = now
    acts.hold('panic')
    const keep = (files: ReturnType<HaltOptions['acts']['found']>, ms: number): Promise<unknown> => Promise.all(Object.entries(files).map(([name, look]) => attempt(name, async () => keepEvidence(incident, name, await look()), undefined, ms)))
    const looking = keep(acts.found(), foundDeadlineMs)
    await attempt('writing it down', () => store.transaction(async (tx) => {
      await writeState(tx, now, again)
      await options.record(tx, { act: 'panic.begun', principal: by.principal, subject: 'gateway', outcome: 'done', reason: again ? 'asked for again' : 'asked for', facts: { via: by.via, incident } })
    }), undefined)
    // Without the store the next start is told by a file.
    if (faults.some((fault) => fault.startsWith('writing it down'))) await attempt('the mark for the next start', () => writeFileSync(request, by.principal, { mode: 0o600 }), undefined)
    // Who is signed in and what runs is read before it is ended, which is a matter of milliseconds.
    const stopping = attempt('stopping what runs', acts.stopWork, { turns: 0, commands: 0 })
    await looking
    const { turns, commands } = await stopping
    const [browsers, devices, grants, approvals] = await Promise.all((['browsers', 'devices', 'grants', 'approvals'] as const).map((what) => attempt(`taking back ${what}`, () => acts.revoke[what](by), 0)))
    if (factor.which() === 'local') await attempt('the code for resuming', () => factor.writeLocalCode(), '')
    await keep(acts.foundAfter(), stepDeadlineMs)
    const waiting = acts.waiting()
    const report: Omit<PanicReport, 'files' | 'tookMs'> = { incident, again, turns, commands, waiting, browsers: browsers ?? 0, devices: devices ?? 0, grants: grants ?? 0, approvals: approvals ?? 0, faults }
    await attempt('the page about it', () => keepEvidence(incident, 'README.md', page(report, now, factor.which())), undefined)
    await attempt('writing down its end', () => store.transaction(async (tx) => {
      await writeState(tx, { ...now, done: true }, true)
      await options.record(tx, { act: 'panic.done', principal: by.principal, subject: 'gateway', outcome: faults.length === 0 ? 'done' : 'failed', reason: faults.length === 0 ? 'each step was taken' : faults.join('; ').slice(0, 500), facts: { turns, commands, browsers, devices, grants, approvals } })
      tx.afterCommit(() => { if (state === now) state = { ...now, done: true } })
    }), undefined)
    return { ...report, files: evidenceIn(incident), tookMs: clock.now() - startedAt }
  }

  const panic = (by: HaltActor): Promise<PanicReport> => {
    panicking ??= takeSteps(by).finally(() => { panicking = undefined })
    return panicking
  }

  const recordEnrolled = (by: HaltActor): Promise<void> =>
    store.transaction((tx) => options.record(tx, { act: 'panic.enrolled', principal: by.principal, subject: 'second factor', outcome: 'done', reason: 'a new authenticator', facts: { via: by.via } }))

  return {
    state: () => state,
    panic,
    async pause(by) {
      if (state.kind === 'panic') throw inPanic()
      if (state.kind === 'paused') return state
      const now: HaltState = { kind: 'paused', since: clock.now(), by: by.principal, via: by.via }
      acts.hold('paused')
      state = now
      try {
        await store.transaction(async (tx) => {
          await writeState(tx, now)
          await options.record(tx, { act: 'gateway.paused', principal: by.principal, subject: 'gateway', outcome: 'done', reason: 'asked for', facts: { via: by.via } })
        })
      } catch (error) {
        // A pause that would be gone after a restart is none. A panic may have come meanwhile: that stays.
        if (state === now) {
          state = { kind: 'running' }
          await goOn()
        }
        throw error
      }
      return now
    },
    async resume(by, { code, forget = false }) {
      await panicking
      const before = state
      if (before.kind === 'running') return { was: 'running', forgotten: 0 }
      if (before.kind === 'panic') await factor.prove(by, code)
      await store.transaction(async (tx) => {
        await writeState(tx, { kind: 'running' })
        await options.record(tx, {
          act: before.kind === 'panic' ? 'panic.resumed' : 'gateway.resumed', principal: by.principal, subject: 'gateway', outcome: 'done',
          reason: before.kind === 'panic' ? 'with the second factor' : 'asked for', facts: { via: by.via, ...(forget ? { forget } : {}) },
        })
      })
      const forgotten = forget ? await acts.forget() : 0
      // A panic that was asked for while this was written down stays.
      if (state === before) {
        state = { kind: 'running' }
        factor.dropLocalCode()
        await goOn()
      }
      return { was: before.kind, forgotten }
    },
    async challenge() {
      if (factor.which() === 'totp') return { factor: 'totp' }
      return { factor: 'local', file: factor.writeLocalCode() }
    },
    factor: factor.which,
    async enroll(by, code, { confirm = false } = {}) {
      if (state.kind === 'panic') throw inPanic()
      await factor.prove(by, code)
      const fresh = await factor.enroll(by, confirm)
      if (!confirm) await recordEnrolled(by)
      return fresh
    },
    async confirm(by, code) {
      if (state.kind === 'panic') throw inPanic()
      await factor.confirm(by, code)
      await recordEnrolled(by)
    },
    async unenroll(by, code) {
      if (state.kind === 'panic') throw inPanic()
      if (factor.which() === 'local') throw new Problem('halt-not-enrolled', 'No authenticator is enrolled.', { next: 'Enroll one: moltbot panic --enroll' })
      await factor.prove(by, code)
      await factor.unenroll()
      await store.transaction((tx) => options.record(tx, { act: 'panic.unenrolled', principal: by.principal, subject: 'second factor', outcome: 'done', reason: 'taken away', facts: { via: by.via } }))
    },
    async noteFor(tx, chat, principal) {
      if (state.kind === 'running') return undefined
      const isOwner = principal.role === 'owner' || principal.role === 'admin'
      if (state.kind === 'panic' && !isOwner) return undefined
      if (!(await tellOnce(tx, JSON.stringify([chat.channel, chat.account, chat.chat, chat.thread ?? null])))) return undefined
      if (state.kind === 'paused') return `⏸️ I am paused. Your message is written down, and I answer it ${isOwner ? 'after `/resume`' : 'when I am set going again'}.`
      return `🛑 Everything is stopped since ${moment(state.since)}; nothing runs until you resume. Your message waits. What was found is in ${state.incident} on my machine.`
    },
    whenGoing(signal) {
      if (state.kind === 'running' || signal.aborted) return undefined
      return new Promise((resolve) => {
        const go = (): void => {
          signal.removeEventListener('abort', go)
          goers.delete(go)
          resolve()
        }
        goers.add(go)
        signal.addEventListener('abort', go, { once: true })
      })
    },
    async start() {
      if (state.kind !== 'running') acts.hold(state.kind)
      const asked = existsSync(request)
      if (asked || (state.kind === 'panic' && !state.done)) {
        await panic({ principal: state.kind === 'panic' ? state.by : ownerPrincipal, via: 'offline' })
        rmSync(request, { force: true })
      }
      if (state.kind === 'panic') log.warn('This gateway is stopped by a panic and starts nothing.', { since: new Date(state.since).toISOString(), incident: state.incident, next: 'moltbot resume' })
      if (state.kind === 'paused') log.warn('This gateway is paused.', { since: new Date(state.since).toISOString(), next: 'moltbot resume' })
    },
  }
}

function inPanic(): Problem {
  return new Problem('halt-panic', 'Everything is stopped by a panic.', { next: 'First resume: moltbot resume' })
}

const moment = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** What a person finds first in the folder. */
function page(report: Omit<PanicReport, 'files' | 'tookMs'>, state: Extract<HaltState, { kind: 'panic' }>, factor: 'totp' | 'local'): string {
  return [
    `# Panic of ${moment(state.since)}`, '', `Asked for by ${state.by}, by ${state.via}.`, '', '## What was done', '',
    `- ${report.turns} turns and ${report.commands} commands were stopped, the commands with everything they had started.`,
    `- ${report.waiting} messages wait; nothing is answered, sent or scheduled before the gateway is resumed.`,
    `- ${report.browsers} browsers were signed out and ${report.devices} device tokens taken back.`,
    `- ${report.grants} lasting permissions were taken back, ${report.approvals} open questions were answered with no.`,
    '- Nothing leaves this machine through tools or commands.', '- Channels stay connected, so that the owner can be told; models are not called.',
    ...(report.faults.length === 0 ? [] : ['', '## What could not be done', '', ...report.faults.map((fault) => `- ${fault}`)]),
    '', '## Where to look', '', '- `audit.jsonl`: the record of the last seven days, and whether it is whole in `audit-verify.json`', '- `running.json`: turns and commands that were under way',
    '- `processes.json`: every process of the gateway', '- `browsers.json`, `devices.json`: who was signed in', '- `config.json`: the configuration, secrets masked', '- `log-tail.txt`: the end of the log', '- `security-audit.json`: the posture afterwards',
    '', '## What to do next', '', '1. Read the record around the moment: `moltbot audit log`', '2. Make a new gateway token, if it may be known: `moltbot gateway token rotate`',
    '3. Change the keys of your providers where they come from, then `moltbot vault set NAME`', '4. Look at who is let in: `moltbot people list`, `moltbot devices list`', '5. Look at the posture: `moltbot security audit`',
    `6. Set it going again: \`moltbot resume\` (${factor === 'totp' ? 'asks for the code of your authenticator' : 'asks for the code in the file resume-code beside this folder'})`, '',
  ].join('\n')
}
