import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock, ConfigView, Logger, Secret, Section } from '@moltbot/contract'
import { describeError } from '@moltbot/contract'
import type { Static, TSchema } from 'typebox'
import { isForbiddenKey, parsePath, valueAt } from './config-path.ts'
import { patchJson5, setJson5, unsetJson5 } from './edit-json5.ts'
import { effectiveConfig } from './effective-config.ts'
import type { SectionInEffect } from './effective-config.ts'
import { evaluate, plainSecrets, redactRaw, redactWritten } from './evaluate.ts'
import type { Evaluation, SectionState } from './evaluate.ts'
import { Json5Error, positionOf } from './json5-document.ts'
import { configProblems } from './problems.ts'
import { configBytesMax, readText } from './read-tree.ts'
import { configPages, configSchema } from './reference-page.ts'
import { createReferencedValues } from './referenced-values.ts'
import { restoreMarks } from './restore-marks.ts'
import type { SecretCommandRun } from './resolve-reference.ts'
import { isSecretVariable, shownAsSecret } from './secret-keys.ts'
import { createSecretSource } from './secret-source.ts'
import { configSections } from './sections.ts'
import type { ConfigDoor, ConfigIssue, ConfigPage, ConfigRule, ConfigSnapshot } from './types.ts'
import { modeOf, ownerFault, writableByAll } from './who-can-change.ts'
import { isMissing, keepBackup, writeFileAtomically } from './write-file.ts'

export interface ConfigOptions {
  /** The state directory; must exist. Backups go to `backups/` in it. */
  stateDir: string
  /** Another place for the file, absolute. Absent or empty: `moltbot.json` in the state directory, or `config.json` when only that exists. */
  file?: string
  sections: readonly Section[]
  /** The environment, values of `secrets.env` included. Asked again at every reload and every secret. */
  environment: Readonly<Record<string, string | undefined>>
  /** The vault, as far as configuration needs it. */
  secrets: { get(name: string): Secret | undefined }
  clock: Clock
  log: Logger
  /** Follow changes of the file. */
  watch: boolean
  /** For somebody who comes to look: no copy of the last good text is kept until something is changed here. */
  lookOnly?: boolean
  /** Whether `holdTo` will be called: until then no text counts as good enough to keep a copy of. */
  ruled?: boolean
  /** Names of files beside the configuration that what is ruled depends on; a change of one is followed like a change of the file. */
  beside?: readonly string[]
  /** Records that a program was run for a secret, before the value is used. */
  onCommand?: (run: SecretCommandRun) => Promise<void>
  /** Hears every secret value before anybody else can, so that logs can hide it. */
  onSecret?: (value: string) => void
}

/** The configuration as `main.ts` holds it; rooms see `ConfigDoor` or `ConfigView`. */
export interface Config extends ConfigDoor {
  /** Reads the file again now. Does nothing when it has not changed, unless `force` (a variable or vault entry may have). */
  reload(options?: { force?: boolean }): Promise<ConfigSnapshot>
  /**
   * From now on nothing takes effect that a rule forbids. When it forbids what is in force, the last good copy takes its place where that one
   * is not forbidden. Called once.
   */
  holdTo(rule: ConfigRule): Promise<ConfigSnapshot>
  /** Why the rule forbids what is in force all the same; empty: it does not. */
  forbidden(): readonly ConfigIssue[]
  /** The reference pages, one per section. */
  docs(): ConfigPage[]
  /** Resolves once changes of the file are followed; at once without `watch`. */
  watching: Promise<void>
  /** Stops following the file and waits for running writes. */
  close(): Promise<void>
}

interface Active { state: SectionState; healthy: boolean }
interface Listener { section: string; call: (now: never) => void }

const backupCount = 5

/** Opens the configuration. Never fails for what is in the file: whatever is wrong with it is in `snapshot().issues`. */
export async function createConfig(options: ConfigOptions): Promise<Config> {
  const { stateDir, environment, clock, log } = options
  const sections = [...options.sections, ...configSections.filter((own) => !options.sections.some((given) => given.path === own.path))]
  const isSecret = shownAsSecret(sections)
  const givenFile = options.file === '' ? undefined : options.file
  const newName = join(stateDir, 'moltbot.json')
  const oldName = join(stateDir, 'config.json')
  const active = new Map<string, Active>()
  const listeners = new Set<Listener>()
  const reloadListeners = new Set<(snapshot: ConfigSnapshot) => void>()
  let snapshot: ConfigSnapshot
  let current: Evaluation
  let lastWork: Promise<unknown> = Promise.resolve()
  let closed = false
  let mayKeep = options.lookOnly !== true
  let rule: ConfigRule | undefined
  let forbiddenNow: readonly ConfigIssue[] = []
  /** Whether the file could be read as it stands; else what is in force came from elsewhere. */
  let readable = true
  /** Something that the rule depends on changed. */
  let ruledAnew = false
  const referenced = createReferencedValues({ ...options, sections })

  function fileNow(): string {
    if (givenFile !== undefined) return givenFile
    return !existsSync(newName) && existsSync(oldName) ? oldName : newName
  }

  const judge = (raw: string, file: string): Evaluation => evaluate(raw, file, sections, referenced.in)

  function readFile(file: string): { raw: string | null; fault?: string } {
    try {
      const raw = readText(file)
      const owner = ownerFault(file)
      if (owner !== undefined) return { raw: null, fault: owner }
      const open = writableByAll(file)
      if (open !== undefined) return { raw: null, fault: open }
      return { raw }
    } catch (error) {
      return isMissing(error) ? { raw: null } : { raw: null, fault: `the file can't be read: ${describeError(error)}` }
    }
  }

  /** The copy of the last file without any fault; consulted only when something is broken and nothing good is in memory. */
  function lastGood(file: string): Evaluation | undefined {
    try {
      return judge(readText(`${file}.last-good`), file)
    } catch {
      // There is none, or it can't be read: the defaults stand in.
      return undefined
    }
  }

  /** What would be in force; without an evaluation: what is. */
  function viewOf(evaluation?: Evaluation): ConfigView {
    const valueIn = (path: string): Record<string, unknown> => evaluation?.sections.get(path)?.value ?? valueOf(path)
    return {
      get: <Schema extends TSchema>(section: Section<Schema>) => valueIn(section.path) as Static<Schema>,
      onChange: () => () => undefined,
      healthy: (section) => (evaluation === undefined ? (active.get(section.path)?.healthy ?? false) : evaluation.sections.has(section.path)),
    }
  }

  /** Why the rule forbids it; empty: it does not, or there is none. What cannot be asked counts as forbidden. */
  async function forbids(evaluation: Evaluation | undefined, use: 'take' | 'keep'): Promise<ConfigIssue[]> {
    if (rule === undefined) return []
    try {
      return (await rule(viewOf(evaluation), use)).map((issue) => {
        const place = issue.line > 0 || issue.path === '' ? undefined : evaluation?.tree?.placeOf((parsePath(issue.path) ?? []).map((step) => (/^\d+$/.test(step) ? Number(step) : step)))
        return place === undefined ? issue : { ...issue, ...positionOf(place.text, place.value) }
      })
    } catch (error) {
      return [{ path: '', line: 0, column: 0, message: `what is expected of the configuration could not be asked: ${describeError(error)}`, severity: 'error' }]
    }
  }

  /** Makes an evaluation the one in effect and tells who asked to hear. `against`: what forbids it; then nothing of it takes effect, but all of `instead` where there is one. */
  function adopt(file: string, raw: string | null, fault: string | undefined, against: readonly ConfigIssue[] = [], instead?: Evaluation): void {
    const evaluation = judge(raw ?? '', file)
    evaluation.issues.unshift(...against)
    if (raw !== null && (modeOf(file) & 0o044) !== 0 && evaluation.tree !== undefined && plainSecrets(evaluation.tree, isSecret).length > 0) {
      evaluation.issues.push({ path: '', line: 0, column: 0, message: `the file holds secrets and others can read it; run: chmod 600 ${file}`, severity: 'warning' })
    }
    if (fault !== undefined) evaluation.issues.unshift({ path: '', line: 0, column: 0, message: fault, severity: 'error' })
    readable = fault === undefined && evaluation.tree !== undefined
    const usable = readable && against.length === 0
    let fallback: Evaluation | undefined
    const changed: Section[] = []
    for (const section of sections) {
      const before = active.get(section.path)
      const good = (usable ? evaluation : instead)?.sections.get(section.path)
      const state = good ?? before?.state ?? (fallback ??= lastGood(file) ?? judge('', file)).sections.get(section.path) ?? judge('', file).sections.get(section.path)
      if (state === undefined) throw new Error(`the defaults of the section ${section.path} do not fit its own schema`)
      active.set(section.path, { state, healthy: usable && good !== undefined })
      if (before !== undefined && before.state.fingerprint !== state.fingerprint) changed.push(section)
    }
    hideSecrets(evaluation)
    current = evaluation
    snapshot = Object.freeze({
      path: file,
      exists: raw !== null || fault !== undefined,
      raw,
      redactedRaw: raw === null || evaluation.tree === undefined ? null : redactRaw(evaluation.tree, isSecret),
      redactedParsed: redactWritten(evaluation.tree?.value ?? {}, isSecret) as Record<string, unknown>,
      hash: raw === null ? undefined : hashOf(raw),
      parsed: evaluation.tree?.value ?? {},
      effective: effectiveConfig(evaluation.tree?.value ?? {}, sections, inEffect, isSecret),
      issues: evaluation.issues,
    })
    for (const section of changed) {
      for (const listener of listeners) if (listener.section === section.path) guarded(section.path, () => listener.call(valueOf(section.path) as never))
    }
  }

  function inEffect(path: string): SectionInEffect | undefined {
    const now = active.get(path)
    return now === undefined ? undefined : { full: now.state.full, healthy: now.healthy }
  }

  function hideSecrets(evaluation: Evaluation): void {
    if (options.onSecret === undefined) return
    for (const [name, value] of Object.entries(environment)) if (value !== undefined && value !== '' && isSecretVariable(name)) options.onSecret(value)
    if (evaluation.tree !== undefined) for (const { value } of plainSecrets(evaluation.tree, isSecret)) options.onSecret(value)
  }

  function guarded(what: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      log.error('a listener of the configuration failed', { section: what, error })
    }
  }

  function valueOf(path: string): Record<string, unknown> {
    const found = active.get(path)
    if (found === undefined) throw new Error(`the section ${path} was not given to the configuration`)
    return found.state.value
  }

  /** One piece of work at a time, reads and writes of the file alike. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = lastWork.then(work, work)
    lastWork = done.catch(() => {
      // Whoever asked for the work hears of its failure; the queue only goes on.
    })
    return done
  }

  async function read(force: boolean): Promise<ConfigSnapshot> {
    const file = fileNow()
    const { raw, fault } = readFile(file)
    if (!force && !ruledAnew && fault === undefined && file === snapshot.path && raw === snapshot.raw && current.tree?.included.length === 0) return snapshot
    ruledAnew = false
    if (raw !== null) await referenced.prefetch(raw, file, force)
    const against = rule === undefined || fault !== undefined ? [] : await forbids(judge(raw ?? '', file), 'take')
    adopt(file, raw, fault, against)
    forbiddenNow = against.length === 0 && readable ? [] : await forbids(undefined, 'keep')
    report()
    await keepGood(file)
    return snapshot
  }

  function report(): void {
    const errors = snapshot.issues.filter((issue) => issue.severity === 'error')
    for (const issue of snapshot.issues) {
      const facts = { file: issue.file ?? snapshot.path, line: issue.line, column: issue.column }
      if (issue.severity === 'error') log.error(`configuration: ${issue.message}`, facts)
      else log.warn(`configuration: ${issue.message}`, facts)
    }
    log.info(errors.length === 0 ? 'configuration loaded' : 'configuration loaded; what is broken keeps its last good or default values', { file: snapshot.path, exists: snapshot.exists })
    for (const listener of reloadListeners) guarded('', () => listener(snapshot))
  }

  async function keepGood(file: string): Promise<void> {
    const { raw } = snapshot
    if (!mayKeep || raw === null || (options.ruled === true && rule === undefined) || snapshot.issues.some((issue) => issue.severity === 'error')) return
    const copy = `${file}.last-good`
    if (readFile(copy).raw === raw) return
    try {
      await writeFileAtomically(copy, raw, dirname(file))
    } catch (error) {
      log.warn('the last good configuration could not be kept', { file: copy, error })
    }
  }

  /** The one way to a changed file. `strict`: no error at all may remain; otherwise no new one may appear. */
  function change(edit: (text: string) => string, guard: { baseHash: string | undefined } | undefined, strict: boolean): Promise<ConfigSnapshot> {
    return inTurn(async () => {
      const file = fileNow()
      const { raw, fault } = readFile(file)
      if (fault !== undefined) throw configProblems.writeRefused(`${file}: ${fault}.`, 'Make it a readable file of mode 600 first.')
      if (guard !== undefined && raw !== null) {
        if (guard.baseHash === undefined) throw configProblems.changed('base-hash-missing')
        if (guard.baseHash !== hashOf(raw)) throw configProblems.changed('base-hash-stale')
      }
      if (guard !== undefined && raw === null && guard.baseHash !== undefined) throw configProblems.changed('base-hash-stale')
      const text = restoreMarks(attempt(edit, raw ?? ''), raw ?? '')
      if (Buffer.byteLength(text) > configBytesMax) throw configProblems.invalid([{ path: '', line: 0, column: 0, message: `the text is larger than ${configBytesMax / 1024 / 1024} MiB`, severity: 'error' }])
      await referenced.prefetch(text, file, false)
      const known = new Set(strict ? [] : judge(raw ?? '', file).issues.map((issue) => issue.message))
      const judged = judge(text, file)
      const errors = judged.issues.filter((issue) => issue.severity === 'error' && !known.has(issue.message))
      if (errors.length > 0) throw configProblems.invalid(errors)
      const against = await forbids(judged, 'take')
      if (against.length > 0) throw configProblems.invalid(against)
      if (text !== raw) {
        mayKeep = true
        if (raw !== null) await keepBackup(join(stateDir, 'backups'), basename(file), raw, backupCount)
        await mkdir(dirname(file), { recursive: true, mode: 0o700 })
        await writeFileAtomically(file, text, givenFile === undefined ? stateDir : dirname(file))
      }
      return read(false)
    })
  }

  function attempt(edit: (text: string) => string, text: string): string {
    try {
      return edit(text)
    } catch (error) {
      if (error instanceof Json5Error) {
        throw configProblems.invalid([{ path: '', ...positionOf(text, error.offset), message: `the file is not valid JSON5: ${error.message}`, severity: 'error' }])
      }
      if (error instanceof RangeError) throw configProblems.invalid([{ path: '', line: 0, column: 0, message: error.message, severity: 'error' }])
      throw error
    }
  }

  function stepsOf(path: string): (string | number)[] {
    const steps = parsePath(path)
    if (steps === undefined || steps.some(isForbiddenKey)) throw configProblems.pathInvalid(path)
    return steps
  }

  const secrets = createSecretSource({
    stateDir, environment, sections, vault: options.secrets, referenced,
    written: () => current.tree?.value ?? {},
    writtenOf: (section) => active.get(section)?.state.written ?? {},
    onSecret: options.onSecret,
  })

  const first = fileNow()
  const opened = readFile(first)
  if (opened.raw !== null) await referenced.prefetch(opened.raw, first, false)
  adopt(first, opened.raw, opened.fault)
  report()
  await keepGood(first)

  let stopWatching: () => Promise<void> = async () => {}
  const watching = options.watch ? follow() : Promise.resolve()

  async function follow(): Promise<void> {
    // Loaded late: the first answer should not wait for a watcher.
    const { followFiles } = await import('./follow-files.ts')
    if (closed) return
    const beside = options.beside ?? []
    const followed = await followFiles({
      folder: dirname(fileNow()),
      names: new Set([basename(givenFile ?? newName), ...(givenFile === undefined ? [basename(oldName)] : []), ...beside]),
      clock, log,
      touched: (name) => { if (beside.includes(name)) ruledAnew = true },
      changed: () => void inTurn(() => read(false)).catch((error: unknown) => log.error('the configuration could not be read again', { error })),
    })
    stopWatching = followed.close
    if (closed) return stopWatching()
    const followIncludes = (): void => followed.add([...(current.tree?.included ?? [])])
    followIncludes()
    reloadListeners.add(followIncludes)
    // What changed between the first reading and now.
    await inTurn(() => read(false))
  }

  return {
    get<Schema extends TSchema>(section: Section<Schema>): Static<Schema> {
      return valueOf(section.path) as Static<Schema>
    },
    onChange(section, listener) {
      const entry: Listener = { section: section.path, call: listener as (now: never) => void }
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    healthy: (section) => active.get(section.path)?.healthy ?? false,
    snapshot: () => snapshot,
    schema: () => configSchema(sections),
    docs: () => configPages(sections),
    replace: (raw, baseHash) => change(() => raw, { baseHash }, true),
    patch: (changes, baseHash) => change((text) => patchJson5(text, changes), { baseHash }, false),
    async set(path, value) {
      const steps = stepsOf(path)
      const done = await change((text) => (value === undefined ? unsetJson5(text, steps) : setJson5(text, steps, value)), undefined, false)
      if (value === undefined && valueAt(done.parsed, steps.map(String)) !== undefined) throw configProblems.included(path)
      return done
    },
    onReload(listener) {
      reloadListeners.add(listener)
      return () => void reloadListeners.delete(listener)
    },
    secrets,
    reload: ({ force = false } = {}) => inTurn(() => read(force)),
    holdTo: (given) => inTurn(async () => {
      rule = given
      const file = snapshot.path
      const against = readable ? await forbids(current, 'take') : []
      if (!readable) forbiddenNow = await forbids(undefined, 'keep')
      if (against.length > 0) {
        const kept = lastGood(file)
        const instead = kept === undefined || (await forbids(kept, 'take')).length > 0 ? undefined : kept
        adopt(file, snapshot.raw, undefined, against, instead)
        forbiddenNow = await forbids(undefined, 'keep')
        report()
      }
      await keepGood(file)
      return snapshot
    }),
    forbidden: () => forbiddenNow,
    watching,
    async close() {
      closed = true
      await watching.catch(() => {
        // A watcher that never started needs no stopping.
      })
      await stopWatching()
      await lastWork
    },
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
