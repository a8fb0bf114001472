import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import type { Clock, ConfigView, Logger, Section, SecretSource } from '@moltbot/contract'
import { Secret, describeError } from '@moltbot/contract'
import type { Static, TSchema } from 'typebox'
import { formatPath, isForbiddenKey, parsePath, valueAt } from './config-path.ts'
import { patchJson5, setJson5, unsetJson5 } from './edit-json5.ts'
import { evaluate, findMarks, findReferences, plainSecrets, redactRaw, redactValue, redactWritten } from './evaluate.ts'
import type { Evaluation, SectionState } from './evaluate.ts'
import { Json5Error, nodeAt, parseJson5, positionOf, setOwn } from './json5-document.ts'
import { configProblems } from './problems.ts'
import { configBytesMax, readText } from './read-tree.ts'
import { configPages, configSchema } from './reference-page.ts'
import { isPlainObject } from './schema-walk.ts'
import { resolveReference } from './resolve-reference.ts'
import type { SecretCommandRun } from './resolve-reference.ts'
import { isReference, parseReference, referenceKey } from './secret-reference.ts'
import type { SecretProvider, SecretReference } from './secret-reference.ts'
import { environmentNames, isRedactionMark, isSecretVariable, shownAsSecret } from './secret-keys.ts'
import { configSections } from './sections.ts'
import { substitute } from './substitute.ts'
import type { References } from './substitute.ts'
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

const debounceMs = 300
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
  /** What references gave, by reference and provider; the last good value stays when one fails later. */
  const fetched = new Map<string, { value: string } | { wrong: string }>()

  function fileNow(): string {
    if (givenFile !== undefined) return givenFile
    return !existsSync(newName) && existsSync(oldName) ? oldName : newName
  }

  function variableFrom(written: Record<string, unknown>): (name: string) => string | undefined {
    const block = isPlainObject(written['env']) ? written['env'] : {}
    return (name) => {
      const own = environment[name]
      if (own !== undefined && own !== '') return own
      const vars = isPlainObject(block['vars']) ? block['vars'] : {}
      for (const place of [vars, block]) {
        const value = Object.hasOwn(place, name) ? place[name] : undefined
        if (typeof value === 'string' && value !== '') return value
      }
      return undefined
    }
  }

  function referencesFrom(written: Record<string, unknown>): References {
    return {
      variable: variableFrom(written),
      secret(name) {
        const value = options.secrets.get(name)?.open('configuration reference')
        if (value !== undefined) options.onSecret?.(value)
        return value
      },
      reference(object) {
        const parsed = parseReference(object)
        return 'wrong' in parsed ? parsed : fetched.get(referenceKey(parsed, providerOf(written, parsed)))
      },
    }
  }

  function providerOf(written: unknown, reference: SecretReference): SecretProvider | undefined {
    const found = valueAt(written, ['secrets', 'providers', reference.provider])
    return isPlainObject(found) ? (found as unknown as SecretProvider) : undefined
  }

  async function fetchReference(written: Record<string, unknown>, reference: SecretReference): Promise<Secret> {
    const lookup = referencesFrom(written)
    const secret = await resolveReference(reference, providerOf(written, reference), { ...lookup, environment, clock, ...(options.onCommand === undefined ? {} : { onCommand: options.onCommand }) })
    options.onSecret?.(secret.open('hiding it in logs'))
    return secret
  }

  /** Fetches what a text refers to, so that judging it needs to wait for nobody. `again`: also what was fetched before. */
  async function prefetch(raw: string, file: string, again: boolean): Promise<void> {
    // Nearly every text has none: it is not read twice then.
    if (!/[\s"']source["']?\s*:/.test(raw) && !raw.includes('$include')) return
    const written = evaluate(raw, file, [], referencesFrom).tree?.value
    if (written === undefined) return
    for (const { reference } of findReferences(written, sections)) {
      const parsed = parseReference(reference)
      if ('wrong' in parsed) continue
      const key = referenceKey(parsed, providerOf(written, parsed))
      const before = fetched.get(key)
      if (before !== undefined && 'value' in before && !again) continue
      try {
        fetched.set(key, { value: (await fetchReference(written, parsed)).open('configuration reference') })
      } catch (error) {
        log.warn('a secret that the configuration refers to could not be fetched', { error })
        if (before === undefined || 'wrong' in before) fetched.set(key, { wrong: describeError(error) })
      }
    }
  }

  const judge = (raw: string, file: string): Evaluation => evaluate(raw, file, sections, referencesFrom)

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
      effective: effective(evaluation),
      issues: evaluation.issues,
    })
    for (const section of changed) {
      for (const listener of listeners) if (listener.section === section.path) guarded(section.path, () => listener.call(valueOf(section.path) as never))
    }
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

  /** The whole configuration in effect, shown. */
  function effective(evaluation: Evaluation): Record<string, unknown> {
    const whole = redactValue(evaluation.tree?.value ?? {}, isSecret) as Record<string, unknown>
    for (const section of [...sections].sort((a, b) => a.path.length - b.path.length)) {
      const steps = parsePath(section.path) ?? [section.path]
      const state = active.get(section.path)?.state
      let nested: unknown = structuredClone(state?.full ?? {})
      for (const step of steps.toReversed()) nested = Object.fromEntries([[step, nested]])
      const shown = redactValue(nested, isSecret)
      let from = whole
      let to = shown as Record<string, unknown>
      for (const step of steps.slice(0, -1)) {
        if (!isPlainObject(from[step])) setOwn(from, step, {})
        from = from[step] as Record<string, unknown>
        to = to[step] as Record<string, unknown>
      }
      const last = steps.at(-1) ?? section.path
      const written = from[last]
      // Keys that no schema knows are kept in the file, so they are shown too; of a broken section only that a secret is written there.
      const beside = active.get(section.path)?.healthy === true ? written : onlyMarks(written)
      setOwn(from, last, isPlainObject(beside) ? overlay(beside, to[last]) : to[last])
    }
    return whole
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
    if (raw !== null) await prefetch(raw, file, force)
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
      await prefetch(text, file, false)
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

  /** What was shown masked comes back as it was. */
  function restoreMarks(text: string, before: string): string {
    let marks: ReturnType<typeof findMarks>
    try {
      marks = findMarks(parseJson5(text).root, isRedactionMark)
    } catch {
      // Not JSON5: the judgement of the text says so, with the place.
      return text
    }
    if (marks.length === 0) return text
    let old
    try {
      old = parseJson5(before)
    } catch {
      // Nothing can be taken from a broken text: every mark is then refused below.
    }
    const lost: ConfigIssue[] = []
    for (const { path, node } of marks.reverse()) {
      const there = old === undefined ? undefined : nodeAt(old, path)
      if (there?.kind === 'scalar' && !isRedactionMark(there.value)) text = text.slice(0, node.start) + before.slice(there.start, there.end) + text.slice(node.end)
      else lost.push({ path: formatPath(path), ...positionOf(text, node.start), message: `${formatPath(path)}: the mask stands for no value in the file`, severity: 'error' })
    }
    if (lost.length > 0) throw configProblems.invalid(lost)
    return text
  }

  function stepsOf(path: string): (string | number)[] {
    const steps = parsePath(path)
    if (steps === undefined || steps.some(isForbiddenKey)) throw configProblems.pathInvalid(path)
    return steps
  }

  function hide(name: string, value: string): Secret {
    options.onSecret?.(value)
    return new Secret(name, value)
  }

  const secrets: SecretSource = {
    async get(path) {
      const written = current.tree?.value ?? {}
      const lookup = referencesFrom(written)
      if (path.startsWith('env:')) {
        const value = lookup.variable(path.slice(4))
        return value === undefined ? undefined : hide(path, value)
      }
      if (path.startsWith('vault:')) return options.secrets.get(path.slice(6))
      const steps = parsePath(path)
      if (steps === undefined) throw configProblems.pathInvalid(path)
      const owners = sections.map((section) => ({ section, own: parsePath(section.path) ?? [] }))
        .filter(({ own }) => own.length > 0 && own.every((step, position) => step === steps[position])).sort((a, b) => b.own.length - a.own.length)
      const owner = owners[0]?.section
      const ownerSteps = owners[0]?.own ?? []
      // What is in effect, so that a broken section keeps its last good secrets along with its values.
      const from = owner === undefined ? written : active.get(owner.path)?.state.written ?? {}
      const inside = steps.slice(ownerSteps.length)
      const found = valueAt(from, inside)
      const object = referenceAt(from, inside)
      if (object !== undefined) {
        const parsed = parseReference(object)
        if ('wrong' in parsed) throw configProblems.referenceFailed(path, parsed.wrong)
        const known = fetched.get(referenceKey(parsed, providerOf(written, parsed)))
        return known !== undefined && 'value' in known ? hide(path, known.value) : fetchReference(written, parsed)
      }
      if (typeof found === 'string' && found !== '') {
        const result = substitute(found, lookup)
        if ('missing' in result) throw configProblems.secretUnresolved(path, result.missing)
        if (result.value !== '') return hide(path, result.value)
      }
      const fromFile = secretFile(from, inside, path, lookup)
      if (fromFile !== undefined) return hide(path, fromFile)
      for (const name of environmentNames(steps)) {
        const value = lookup.variable(name)
        if (value !== undefined) return hide(path, value)
      }
      return options.secrets.get(path)
    },
  }

  function referenceAt(from: unknown, inside: readonly string[]): Record<string, unknown> | undefined {
    const found = valueAt(from, [...inside])
    return isReference(found) ? found : undefined
  }

  /** `botToken` may stand in the file that `botTokenFile` or `tokenFile` names. */
  function secretFile(from: unknown, inside: readonly string[], path: string, lookup: References): string | undefined {
    const key = inside.at(-1) ?? ''
    for (const name of [`${key}File`, ...(/token$/i.test(key) ? ['tokenFile'] : [])]) {
      const given = valueAt(from, [...inside.slice(0, -1), name])
      if (typeof given !== 'string' || given === '') continue
      const replaced = substitute(given, lookup)
      if ('missing' in replaced) throw configProblems.secretUnresolved(path, replaced.missing)
      const home = environment['HOME'] ?? ''
      const plain = replaced.value.startsWith('~/') && home !== '' ? join(home, replaced.value.slice(2)) : replaced.value
      const file = isAbsolute(plain) ? plain : resolve(stateDir, plain)
      let text: string
      try {
        text = readText(file).trim()
      } catch (error) {
        throw configProblems.secretFile(path, file, isMissing(error) ? 'there is no such file' : describeError(error), error)
      }
      if (text === '' || text.length > 65_536) throw configProblems.secretFile(path, file, text === '' ? 'it is empty' : 'it is too large')
      return text
    }
    return undefined
  }

  const first = fileNow()
  const opened = readFile(first)
  if (opened.raw !== null) await prefetch(opened.raw, first, false)
  adopt(first, opened.raw, opened.fault)
  report()
  await keepGood(first)

  let stopWatching: () => Promise<void> = async () => {}
  const watching = options.watch ? follow() : Promise.resolve()

  async function follow(): Promise<void> {
    // Loaded late: the first answer should not wait for a watcher.
    const { watch } = await import('chokidar')
    if (closed) return
    const directory = dirname(fileNow())
    const beside = options.beside ?? []
    const names = new Set([basename(givenFile ?? newName), ...(givenFile === undefined ? [basename(oldName)] : []), ...beside])
    let cancel = (): void => {}
    const later = (): void => {
      cancel()
      cancel = clock.after(debounceMs, () => {
        void inTurn(() => read(false)).catch((error: unknown) => log.error('the configuration could not be read again', { error }))
      })
    }
    // The folder, not the file: editors replace files, and a watch on the old one would hear nothing more.
    const watcher = watch(directory, {
      depth: 0, ignoreInitial: true, ignored: (path) => path !== directory && !names.has(basename(path)),
    })
    const files = watch([...(current.tree?.included ?? [])], { ignoreInitial: true })
    const followIncludes = (): void => void files.add([...(current.tree?.included ?? [])])
    reloadListeners.add(followIncludes)
    for (const each of [watcher, files]) {
      each.on('all', (_event, path) => {
        if (beside.includes(basename(path))) ruledAnew = true
        later()
      })
      each.on('error', (error) => log.warn('the configuration file is not followed', { error }))
    }
    stopWatching = async () => {
      cancel()
      await Promise.all([watcher.close(), files.close()])
    }
    await new Promise<void>((ready) => watcher.once('ready', () => ready()))
    if (closed) return stopWatching()
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

/** `over` where both say something; unknown keys of `under` stay. */
function overlay(under: unknown, over: unknown): unknown {
  if (!isPlainObject(under) || !isPlainObject(over)) return over
  const both: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(under)) setOwn(both, key, Object.hasOwn(over, key) ? overlay(value, over[key]) : value)
  for (const [key, value] of Object.entries(over)) if (!Object.hasOwn(both, key)) setOwn(both, key, value)
  return both
}

/** The redaction marks of a value and what leads to them; undefined when there are none. */
function onlyMarks(value: unknown): unknown {
  if (isRedactionMark(value)) return value
  if (!isPlainObject(value)) return undefined
  const marks = Object.entries(value).map(([key, inner]) => [key, onlyMarks(inner)] as const).filter(([, inner]) => inner !== undefined)
  return marks.length === 0 ? undefined : Object.fromEntries(marks)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
