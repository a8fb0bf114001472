import { isAbsolute, relative, sep } from 'node:path'
import { Problem, describeError, type AuditVerification, type Clock, type ConfigView, type HouseJob, type HouseRun, type Logger, type PrincipalId, type Store, type Tx } from '@moltbot/contract'
import { appendAnchor, readAnchors, writeJournal } from './anchor-places.ts'
import { macOf, rowColumns, type ChainRow } from './chain.ts'
import { anchorLine, parseAnchors, signCheckpoint, storeCheckpoint, storedCheckpoints, type Checkpoint, type CheckpointKind } from './checkpoints.ts'
import { auditSection } from './config.ts'
import type { AuditRoom } from './create-audit.ts'
import { createSinks } from './create-sinks.ts'
import { exportLines, findLines } from './find-lines.ts'
import type { LineSource } from './lines.ts'
import { createSyslogSender } from './syslog.ts'
import type { AuditDoor } from './types.ts'
import { lookAtEnds, verifyRecord } from './verify.ts'

export interface RecordOptions {
  audit: AuditRoom
  store: Store
  config: ConfigView
  clock: Clock
  log: Logger
  fetch: typeof globalThis.fetch
  /** Names the installation in anchors. */
  stateDir: string
  /** Where anchors go when the configuration names no file. Outside the state directory. */
  anchorFile: string
  source: LineSource
  pid: number
  /** Takes down what a job of the record did by itself. Absent: nobody wants to know. */
  ran?(job: string, run: HouseRun): Promise<void>
}

/** The keeper of the record: what happens around entries, never on their way. */
export interface RecordKeeper extends AuditDoor {
  jobs: readonly HouseJob[]
  /** Begins the chain where there is none and looks whether it still reaches to its last checkpoints. Says in the log, and in the record, what it found. Never rejects for that. */
  start(): Promise<void>
  /** Signs where the chain stands and anchors it. Nothing new since the last one: does nothing. Rejects when the database does not take it. */
  checkpoint(): Promise<void>
  /** Drops entries beyond their time. Resolves with how many. */
  prune(): Promise<number>
  /** Makes a last checkpoint and sends what receivers wait for (at most 2 s). */
  close(): Promise<void>
}

const dayMs = 86_400_000
const minuteMs = 60_000
/** The last anchors of one installation are within this, also where others write into the same file. */
const tailBytes = 65_536
const prunedAtOnce = 2_000

export function createRecord(options: RecordOptions): RecordKeeper {
  const { audit, store, config, clock, log, stateDir } = options
  const sinks = createSinks({ clock, log, fetch: options.fetch, source: options.source, pid: options.pid })
  const stops: (() => void)[] = []
  let sinceCheckpoint = 0
  let working: Promise<unknown> | undefined
  let nextCheckpoint: number | null = null
  let nextPrune: number | null = null
  let closed = false
  let opened = false
  let doubt: string | undefined

  const settings = (): ReturnType<typeof config.get<typeof auditSection.schema>> => config.get(auditSection)
  const anchorFile = (): string | undefined => anchorFileOf(settings().anchor.file, options.anchorFile)

  async function anchor(checkpoint: Checkpoint): Promise<void> {
    const line = anchorLine(stateDir, checkpoint)
    const { journald, syslog } = settings().anchor
    const file = anchorFile()
    const places: [string, () => Promise<void>][] = []
    if (file !== undefined) places.push([file, () => appendAnchor(file, line)])
    if (journald) places.push(['journald', () => writeJournal(line)])
    if (syslog !== '') {
      places.push(['syslog', async () => {
        const sender = createSyslogSender(syslog, { host: options.source.host, pid: options.pid })
        try {
          await sender.send({ at: checkpoint.at, severity: 5, kind: 'checkpoint', text: line })
        } finally {
          sender.close()
        }
      }])
    }
    await Promise.all(places.map(([place, write]) => write().catch((error: unknown) =>
      log.error('The record could not be anchored; a database that is cut or restored may go unnoticed.', { place, error: describeError(error) }))))
  }

  async function sign(tx: Tx, kind: CheckpointKind, head: { seq: number; mac: string }, rows = 0): Promise<Checkpoint> {
    const keys = audit.keys()
    if (keys === undefined) throw keyMissing()
    const checkpoint = signCheckpoint(keys, { kind, seq: head.seq, mac: head.mac, at: Math.trunc(clock.now()), rows })
    await storeCheckpoint(tx, checkpoint)
    return checkpoint
  }

  /** What was signed, in one sentence; undefined: nothing was new. */
  async function checkpointNow(): Promise<string | undefined> {
    const head = audit.committed()
    if (head === undefined || sinceCheckpoint === 0) return undefined
    const fresh = sinceCheckpoint
    sinceCheckpoint = 0
    await anchor(await store.transaction((tx) => sign(tx, 'anchor', head)))
    return `${fresh} new ${fresh === 1 ? 'entry' : 'entries'}, signed up to number ${head.seq}.`
  }

  /** What a job does by itself, to its end, and what is taken down of it. `work` resolves with undefined where there was nothing to do. */
  async function byItself(job: string, work: () => Promise<string | undefined>): Promise<void> {
    const startedAt = clock.now()
    try {
      const words = await work()
      if (words !== undefined) await options.ran?.(job, { startedAt, ok: true, words })
    } catch (error) {
      await options.ran?.(job, { startedAt, ok: false, words: describeError(error) })
      throw error
    }
  }

  /** One at a time; who asks meanwhile waits for the next. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = (working ?? Promise.resolve()).then(work)
    const settled: Promise<void> = next.catch((error: unknown) => log.error('No checkpoint of the record could be made.', { error: describeError(error) })).then(() => {
      if (working === settled) working = undefined
    })
    working = settled
    return next
  }
  const checkpoint = (): Promise<void> => inTurn(() => byItself('checkpoint', checkpointNow))

  async function anchors(tail?: number): Promise<{ found: Checkpoint[]; notes: string[] }> {
    const file = anchorFile()
    if (file === undefined) return { found: [], notes: ['No anchor file is kept (audit.anchor.file is "none"): an older copy of the database that was put back cannot be noticed.'] }
    try {
      const text = await readAnchors(file, tail)
      return { found: parseAnchors(text ?? '', stateDir), notes: text === undefined ? [`The anchor file ${file} is not there: an older copy of the database that was put back cannot be noticed.`] : [] }
    } catch (error) {
      return { found: [], notes: [`The anchor file ${file} cannot be read (${describeError(error)}).`] }
    }
  }

  async function report(sentence: string, facts: Record<string, unknown>): Promise<void> {
    log.error(`The record is not whole: ${sentence}`, facts)
    doubt = sentence
    await store.transaction((tx) => audit.append(tx, { act: 'record.doubted', principal: null, subject: 'audit', outcome: 'failed', reason: sentence, facts })).catch((error: unknown) =>
      log.error('That the record is not whole could not be recorded.', { error: describeError(error) }))
  }

  async function prune(): Promise<number> {
    const { retentionDays } = settings()
    if (retentionDays === 0) return 0
    const cutoff = clock.now() - retentionDays * dayMs
    let dropped = 0
    for (;;) {
      const gone = await store.transaction((tx) => pruneSome(tx, cutoff))
      if (gone === undefined) break
      dropped += gone.rows
      await anchor(gone.checkpoint)
    }
    return dropped
  }

  /** Drops the oldest rows beyond their time, as far as they are what was written; what retention removes must not have been touched before. */
  async function pruneSome(tx: Tx, cutoff: number): Promise<{ rows: number; checkpoint: Checkpoint } | undefined> {
    const keys = audit.keys()
    if (keys === undefined) return undefined
    const stored = await storedCheckpoints(tx)
    const base = stored.findLast(({ kind }) => kind !== 'anchor')
    if (base === undefined) return undefined
    // Clocks jump: what is dropped is a beginning of the chain, up to the first entry that is young enough. The last one always stays.
    const young = await tx.get<ChainRow>('SELECT seq FROM audit WHERE seq > 0 AND at >= ? ORDER BY seq LIMIT 1', cutoff)
    const end = await tx.get<ChainRow>('SELECT seq FROM audit WHERE seq > 0 ORDER BY seq DESC LIMIT 1')
    const through = Math.min((young?.seq ?? Number.MAX_SAFE_INTEGER) - 1, (end?.seq ?? 0) - 1)
    const rows = await tx.all<ChainRow>(`SELECT ${rowColumns} FROM audit WHERE seq > 0 AND seq <= ? ORDER BY seq LIMIT ${prunedAtOnce}`, through)
    const last = rows.at(-1)
    if (last === undefined) return undefined
    let before = { seq: base.seq, mac: base.mac }
    for (const row of rows) {
      if (row.seq <= base.seq && base.kind === 'accepted') continue
      if (row.seq !== before.seq + 1 || macOf(keys, before.mac, row) !== row.mac) {
        log.error('Retention stopped: entries of the record are not as they were written.', { seq: row.seq })
        return undefined
      }
      before = { seq: row.seq, mac: row.mac }
    }
    if (last.seq < base.seq) return undefined
    await tx.run('DELETE FROM audit WHERE seq <= ?', last.seq)
    await tx.run("DELETE FROM audit_checkpoints WHERE kind <> 'began' AND seq <= ?", last.seq)
    const total = rows.length + (stored.findLast(({ kind }) => kind === 'pruned')?.rows ?? 0)
    const checkpoint = await sign(tx, 'pruned', before, total)
    await audit.append(tx, { act: 'record.pruned', principal: null, subject: 'audit', outcome: 'done', reason: 'older than audit.retentionDays', facts: { through: last.seq, rows: rows.length } })
    return { rows: rows.length, checkpoint }
  }

  async function verify(given: { anchors?: string; accept?: { by: PrincipalId } }): Promise<AuditVerification> {
    const keys = audit.keys()
    if (keys === undefined) throw keyMissing()
    const { found, notes } = await anchors()
    const elsewhere = given.anchors === undefined ? [] : parseAnchors(given.anchors, stateDir)
    const all = [...found, ...elsewhere].toSorted((a, b) => a.at - b.at)
    const verification = await verifyRecord({ read: store.read, keys, anchors: all, notes })
    const { accept } = given
    if (verification.ok) doubt = undefined
    else doubt = verification.sentence
    if (accept === undefined || verification.ok) return verification
    const accepted = await store.transaction(async (tx) => {
      await audit.append(tx, {
        act: 'record.accepted', principal: accept.by, subject: 'audit', outcome: 'done', reason: verification.sentence, facts: { fault: verification.fault, at: verification.at },
      })
      const head = await tx.get<ChainRow>('SELECT seq, mac FROM audit WHERE seq > 0 ORDER BY seq DESC LIMIT 1')
      return head === undefined ? undefined : sign(tx, 'accepted', head)
    })
    if (accepted !== undefined) await anchor(accepted)
    doubt = undefined
    return verification
  }

  function everyMinutes(): void {
    const cancel = clock.after(settings().checkpointEvery.minutes * minuteMs, () => {
      void checkpoint().catch(() => undefined)
      everyMinutes()
    })
    nextCheckpoint = Math.trunc(clock.now() + settings().checkpointEvery.minutes * minuteMs)
    stops[0]?.()
    stops[0] = cancel
  }

  function daily(): void {
    stops[1]?.()
    nextPrune = Math.trunc(clock.now() + dayMs)
    stops[1] = clock.after(dayMs, () => {
      pruneByItself()
      daily()
    })
  }

  function pruneByItself(): void {
    if (settings().retentionDays === 0) return
    void byItself('retention', async () => {
      const dropped = await prune()
      return `${dropped} ${dropped === 1 ? 'entry' : 'entries'} dropped.`
    }).catch((error: unknown) => log.error('Old entries of the record could not be dropped.', { error: describeError(error) }))
  }

  /** What needs the key: at the start, or once the vault is unlocked. */
  async function open(): Promise<void> {
    const keys = audit.keys()
    if (keys === undefined) return log.warn('The vault is locked: entries of the record are kept, and sealed once it is unlocked.')
    opened = true
    const { found } = await anchors(tailBytes)
    const seen = await lookAtEnds({ read: store.read, keys, anchors: found })
    const begun = await store.transaction(async (tx) => {
      const before = (await storedCheckpoints(tx)).length
      await audit.begin(tx)
      return (await storedCheckpoints(tx)).slice(before)
    })
    for (const each of begun) await anchor(each)
    if (seen !== undefined) await report(seen.sentence, { fault: seen.fault, at: seen.at })
  }

  return {
    async start() {
      sinks.configure(settings().sinks)
      stops.push(() => undefined, () => undefined, config.onChange(auditSection, ({ sinks: to }) => {
        sinks.configure(to)
        if (!closed) everyMinutes()
      }))
      const file = anchorFile()
      if (file !== undefined && isInside(file, stateDir)) log.warn('The anchor file of the record is inside the state directory: who restores an older copy of it restores the anchor with it.', { file })
      stops.push(audit.onRow((row) => {
        // The first entry after the vault was unlocked.
        if (!opened) void open().catch((error: unknown) => log.error('The record could not be opened.', { error: describeError(error) }))
        sinceCheckpoint += 1
        sinks.offer(row)
        if (sinceCheckpoint >= settings().checkpointEvery.rows && working === undefined) void checkpoint().catch(() => undefined)
      }))
      stops.push(audit.onTampering((what) => {
        doubt = what
        log.error('Somebody changes the record while the gateway runs.', { what })
      }))
      await open()
      everyMinutes()
      daily()
      pruneByItself()
    },
    jobs: [
      {
        name: 'checkpoint', title: 'Checkpoint of the record', description: 'Signs where the record stands and anchors it outside the database, so that nobody can shorten it unseen. Where nothing was recorded since, nothing is signed.', setting: 'audit.checkpointEvery.minutes',
        plan: async () => ({ enabled: true, everyMs: settings().checkpointEvery.minutes * minuteMs, nextAt: nextCheckpoint }),
        run: () => inTurn(async () => (await checkpointNow()) ?? 'Nothing was recorded since the last one.'),
      },
      {
        name: 'retention', title: 'Forgetting of the record', description: 'Drops entries of the record that are older than they are to be kept, with a signed checkpoint in their place.', setting: 'audit.retentionDays',
        plan: async () => (settings().retentionDays === 0 ? { enabled: false, everyMs: dayMs, nextAt: null } : { enabled: true, everyMs: dayMs, nextAt: nextPrune }),
      },
    ],
    checkpoint,
    prune,
    verify,
    health() {
      const fault = audit.fault()
      const reason = fault === undefined ? doubt : `An entry could not be written: ${fault}`
      return { ok: reason === undefined, reason: reason ?? null }
    },
    log: (query) => findLines(store.read, query),
    export: (query) => exportLines(store.read, query, options.source),
    async close() {
      if (closed) return
      closed = true
      for (const stop of stops) stop()
      await checkpoint().catch(() => undefined)
      await working
      await sinks.close(2_000)
    },
  }
}

function keyMissing(): Problem {
  return new Problem('audit-key-missing', 'The record can be neither signed nor verified: the vault is locked.', { next: 'Unlock it: moltbot vault unlock' })
}

/** The anchor file in use; undefined: none is kept. */
export function anchorFileOf(configured: string, fallback: string): string | undefined {
  return configured === 'none' ? undefined : configured === '' ? fallback : configured
}

function isInside(file: string, folder: string): boolean {
  const path = relative(folder, file)
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path)
}
