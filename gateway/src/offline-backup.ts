/** Backups of a state directory, whether a gateway runs there or not, put together from the rooms that know what is in it. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { describeError, Problem, type AuditVerification, type BackupManifest, type OfflineBackup, type PrincipalId } from '@moltbot/contract'
import { takeSignInsAway, vaultFile } from './api/index.ts'
import { auditAnchorFile, configPath, keyPlaces, ownEnvironment, vaultKeyFile, type Environment } from './environment.ts'
import { createAudit, openRecord, recordedEntries } from './foundation/audit/index.ts'
import { backupProblems, createBackup, restoreBackup, verifyBackup } from './foundation/backup/index.ts'
import { createIds, openSqlite, systemClock } from './foundation/platform/index.ts'
import { createSqliteStore, lockStateDirectory, openStore, stepsOf } from './foundation/storage/index.ts'
import { createVault, type Vault } from './foundation/vault/index.ts'
import { installation, readVersion } from './installation.ts'
import { offlineConfig } from './offline.ts'
import { auditKey } from './opened-vault.ts'
import { migrations } from './sections.ts'

const databaseOf = (stateDir: string): string => join(stateDir, 'sessions', 'moltbot.db')
const steps = migrations.map(({ name }) => name)

/** `owner`: who restores, as the record names them. */
export function offlineBackup(stateDir: string, environment: Environment = ownEnvironment(), owner = 'owner' as PrincipalId): OfflineBackup {
  const version = readVersion(installation())
  const keyFile = vaultKeyFile(environment)
  const newId = createIds(() => systemClock.now())
  const look = (folder: string): Promise<Vault> => createVault({ stateDir: folder, keyFile, clock: systemClock, ...keyPlaces(environment), lookOnly: true })

  /** What stands there now: how much its record holds and how often its vault was written. */
  async function standing(): Promise<{ recorded: number; vaultGeneration: number }> {
    let recorded = 0
    if (existsSync(databaseOf(stateDir))) {
      const database = await openSqlite(databaseOf(stateDir), { readOnly: true })
      recorded = await recordedEntries(createSqliteStore(database, database).read).finally(() => database.close())
    }
    const vaultGeneration = existsSync(vaultFile(stateDir)) ? await look(stateDir).then((vault) => vault.status().generation, () => 0) : 0
    return { recorded, vaultGeneration }
  }

  /** A copy as of one moment, made by the engine itself: whoever writes meanwhile is neither stopped nor seen. */
  async function copyDatabase(to: string): Promise<{ steps: string[]; recorded: number }> {
    const database = await openSqlite(databaseOf(stateDir), { readOnly: true })
    try {
      database.prepare('VACUUM INTO ?').run(to)
    } finally {
      database.close()
    }
    const copy = await openSqlite(to, { readOnly: true })
    try {
      return { steps: stepsOf(copy), recorded: await recordedEntries(createSqliteStore(copy, copy).read) }
    } finally {
      copy.close()
    }
  }

  async function checkDatabase(file: string): Promise<void> {
    const database = await openSqlite(file)
    try {
      const verdict = Object.values(database.prepare('PRAGMA integrity_check').get() ?? {})[0]
      if (verdict !== 'ok') throw backupProblems.damaged('its database is not whole')
      const unknown = stepsOf(database).filter((step) => !steps.includes(step))
      if (unknown.length > 0) throw backupProblems.newer(unknown)
    } finally {
      database.close()
    }
  }

  /** What belongs to this installation and lies outside its folder, which is all that is kept. */
  async function elsewhere(): Promise<string[]> {
    const outside = (place: string): boolean => relative(stateDir, resolve(place)).startsWith('..')
    const given = configPath(environment)
    const config = await offlineConfig(stateDir).then((opened) => opened.get('agents'), () => undefined) as { defaults?: { workspace?: unknown }; list?: { workspace?: unknown }[] } | undefined
    const places = [config?.defaults?.workspace, ...(config?.list ?? []).map(({ workspace }) => workspace)].filter((place): place is string => typeof place === 'string' && place.startsWith('/'))
    return [...(given !== undefined && outside(given) ? [`the configuration lies elsewhere: ${given}`] : []), ...[...new Set(places)].filter(outside).map((place) => `a workspace lies elsewhere: ${place}`)]
  }

  /** Puts the key in its place where there is none or another one. Returns how to undo it. */
  function placeKey(text: string, mark: string, notes: string[]): () => void {
    const digest = (of: string): string => createHash('sha256').update(of.trim()).digest('hex')
    const before = existsSync(keyFile) ? readFileSync(keyFile, 'utf8') : undefined
    if (before !== undefined && digest(before) === digest(text)) return () => undefined
    const aside = `${keyFile}.before-restore-${mark}`
    mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 })
    if (before !== undefined) {
      renameSync(keyFile, aside)
      notes.push(`Another key stood at ${keyFile}; it is ${aside} now.`)
    }
    writeFileSync(keyFile, text, { mode: 0o600, flag: 'wx' })
    return () => {
      rmSync(keyFile, { force: true })
      if (before !== undefined) renameSync(aside, keyFile)
    }
  }

  async function writeDown({ madeAt, version: madeBy, recorded }: BackupManifest, older: boolean): Promise<void> {
    const vault = await look(stateDir)
    const store = await openStore({ file: databaseOf(stateDir), migrations, now: () => systemClock.now() })
    const audit = createAudit({ store, clock: systemClock, newId, key: () => auditKey(vault) })
    await store.transaction((tx) => audit.append(tx, {
      act: 'backup.restored', principal: owner, subject: 'state', outcome: 'done', reason: older ? 'the owner put an older copy back' : 'the owner put a backup back', facts: { madeAt, version: madeBy, recorded },
    })).finally(() => store.close())
  }

  async function verifyRecord(): Promise<AuditVerification> {
    const vault = await look(stateDir).catch(() => undefined)
    const database = await openSqlite(databaseOf(stateDir), { readOnly: true })
    const store = createSqliteStore(database, database)
    const record = await openRecord({
      read: store.read, key: vault === undefined ? undefined : auditKey(vault), stateDir, anchor: '', anchorFile: auditAnchorFile(environment), source: { version, host: hostname() }, close: () => store.close(),
    })
    return record.verify({}).finally(() => record.close())
  }

  return {
    async create(file, target, { key }) {
      const vault = existsSync(vaultFile(stateDir)) ? await look(stateDir).then((opened) => opened.status(), () => undefined) : undefined
      const made = await createBackup({
        stateDir, file: resolve(file), target, version, now: systemClock.now(), vaultGeneration: vault?.generation ?? 0, keyFile: key && vault?.kind === 'file' ? keyFile : undefined,
        copyDatabase: existsSync(databaseOf(stateDir)) ? copyDatabase : undefined,
      })
      return { ...made, left: [...made.left, ...await elsewhere()] }
    },
    verify: (file, key) => verifyBackup({ file, key, scratch: join(stateDir, 'backups', `.verify-${newId('bk')}`), checkDatabase }),
    async restore(file, key, { acceptOlder }) {
      const had = existsSync(stateDir) && readdirSync(stateDir).length > 0
      const mark = newId('bk')
      const notes: string[] = []
      let undoKey = (): void => undefined
      let older = false
      const unlock = await lockStateDirectory(join(stateDir, 'sessions', 'gateway.lock'))
      try {
        const now = await standing()
        const tooOld = (what: string): void => {
          older = true
          if (!acceptOlder) throw backupProblems.older(what)
        }
        const restored = await restoreBackup({
          file, key, stateDir, mark, steps,
          async admit(manifest: BackupManifest) {
            if (manifest.recorded < now.recorded) tooOld(`the record has gone on by ${now.recorded - manifest.recorded} entries since`)
            if (manifest.vaultGeneration < now.vaultGeneration) tooOld('the vault was written since')
          },
          async ready(staged, manifest, keyText) {
            if (keyText !== undefined) undoKey = placeKey(keyText, mark, notes)
            if (existsSync(vaultFile(staged))) await openStaged(staged)
            if (manifest.steps.length === 0) return
            await checkDatabase(databaseOf(staged))
            const store = await openStore({ file: databaseOf(staged), migrations, now: () => systemClock.now() })
            await store.transaction(takeSignInsAway).finally(() => store.close())
            async function openStaged(folder: string): Promise<void> {
              try {
                await look(folder)
              } catch (error) {
                if (!(error instanceof Problem)) throw error
                if (error.code === 'vault-rolled-back') tooOld('the vault was written since')
                else notes.push(`The vault stays closed: ${error.message}`)
              }
            }
          },
        })
        undoKey = () => undefined
        if (older && existsSync(vaultFile(stateDir))) {
          await createVault({ stateDir, keyFile, clock: systemClock, ...keyPlaces(environment), acceptOlder: true }).catch((error: unknown) => {
            notes.push(`The older vault was not taken: ${describeError(error)}`)
          })
        }
        if (restored.manifest.steps.length > 0) {
          await writeDown(restored.manifest, older).catch((error: unknown) => {
            notes.push(`The record does not say that this was restored: ${describeError(error)}`)
          })
        }
        // Only the lock we made ourselves stood there.
        if (!had && restored.aside !== undefined) rmSync(restored.aside, { recursive: true, force: true })
        let record: AuditVerification | undefined
        if (restored.manifest.steps.length > 0) {
          record = await verifyRecord().catch((error: unknown) => {
            notes.push(`The record could not be verified: ${describeError(error)}`)
            return undefined
          })
        }
        notes.push('Everybody is signed out: browsers and devices sign in again.')
        return { manifest: restored.manifest, notes, ...(had && restored.aside !== undefined ? { aside: restored.aside } : {}), ...(record === undefined ? {} : { record }) }
      } finally {
        undoKey()
        unlock()
      }
    },
  }
}
