/** What the command line asks of a state directory without a running gateway, answered by the same code. */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { checks } from '@moltbot/checks'
import {
  describeError, ownerPrincipal, Problem, reviewFacts, type Facts, type OfflineAudit, type OfflineConfig, type OfflineVault, type OfflineVaultOptions,
  type Review, type ReviewOptions, type Sql, type Tool,
} from '@moltbot/contract'
import { tools } from '@moltbot/tools'
import { takeFacts, thisMachine, vaultFile } from './api/index.ts'
import { channels } from './channels.gen.ts'
import { auditAnchorFile, configPath, keyPlaces, mergeEnvironment, ownEnvironment, vaultKeyFile, withSealed } from './environment.ts'
import { auditSection, createAudit, openRecord } from './foundation/audit/index.ts'
import { createConfig, type Config } from './foundation/config/index.ts'
import { factorSecrets } from './foundation/halt/index.ts'
import { createIds, openSqlite, systemClock } from './foundation/platform/index.ts'
import { createSqliteStore, lockStateDirectory, openStore } from './foundation/storage/index.ts'
import { createVault, createVaultDesk, type Vault, type VaultAct } from './foundation/vault/index.ts'
import { createExpectedPolicy } from './expected-policy.ts'
import { createInputCheck } from './input-check.ts'
import { installation, logLinkPath, readVersion } from './installation.ts'
import { auditKey, passphraseOnce, recordVaultAct, sealed, sealedFor } from './opened-vault.ts'
import { migrations, sections } from './sections.ts'

/** The configuration without a running gateway, by the same code. */
export async function offlineConfig(stateDir: string): Promise<OfflineConfig> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const sealedSecrets = await sealedFor(stateDir, ownEnvironment())
  const config = await openConfigOffline(stateDir, withSealed(mergeEnvironment(stateDir, ownEnvironment()), sealedSecrets), sealedSecrets, { ruled: true })
  const expected = createExpectedPolicy({ read: peopleOffline(stateDir), shelf: tools as readonly Tool[], channels, stateDir, checkInput: createInputCheck() }, () => config.snapshot().path)
  await config.holdTo(expected.rule)
  return {
    file: config.snapshot().path,
    get: async (path) => (path === undefined ? config.snapshot().effective : path.split('.').reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined), config.snapshot().effective)),
    set: async (path, value) => void (await config.set(path, value)),
    unset: async (path) => void (await config.set(path, undefined)),
    validate: async () => config.snapshot().issues,
    schema: async () => config.schema(),
    testPolicy: () => expected.test(config),
  }
}

/** The people of the database, opened at the first question and only read. Where there is none yet, nobody is known. */
function peopleOffline(stateDir: string): Sql {
  const file = join(stateDir, 'sessions', 'moltbot.db')
  const open = async (): Promise<Sql> => {
    if (!existsSync(file)) return (await openStore({ file: ':memory:', migrations })).read
    const database = await openSqlite(file, { readOnly: true })
    return createSqliteStore(database, database).read
  }
  let opened: Promise<Sql> | undefined
  const read = (): Promise<Sql> => (opened ??= open())
  return {
    all: async (query, ...values) => (await read()).all(query, ...values),
    get: async (query, ...values) => (await read()).get(query, ...values),
    run: () => Promise.reject(new Error('the database is only read here')),
  }
}

function openConfigOffline(stateDir: string, environment: Readonly<Record<string, string | undefined>>, secrets: Pick<Vault, 'get'>, more: { ruled?: boolean } = {}): Promise<Config> {
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
  return createConfig({
    stateDir, sections, environment, secrets, clock: systemClock, log: silent, watch: false, lookOnly: true, ...more,
    ...(configPath(environment) === undefined ? {} : { file: configPath(environment) as string }),
  })
}

/** The facts of a state directory without asking a running gateway. Makes nothing and changes nothing. */
export async function offlineFacts(stateDir: string, options: { deep: boolean }): Promise<Facts> {
  let environment: Record<string, string | undefined> = { ...ownEnvironment() }
  let secretsFault: string | null = null
  try {
    environment = mergeEnvironment(stateDir, ownEnvironment())
  } catch (error) {
    secretsFault = error instanceof Problem ? error.message : describeError(error)
  }
  const keyFile = vaultKeyFile(ownEnvironment())
  const vault = await openVaultOffline(stateDir, keyFile)
  const sealedSecrets = { get: (name: string) => vault.opened?.get(name) }
  const config = await openConfigOffline(stateDir, withSealed(environment, sealedSecrets), sealedSecrets)
  try {
    return await takeFacts({
      version: readVersion(installation()), stateDir, config, channels, clock: systemClock, machine: thisMachine(), secretsFault, vault: vault.state, vaultKeyFile: keyFile, logLink: logLinkPath, deep: options.deep,
    })
  } finally {
    await config.close()
  }
}

/** The review without a running gateway, by the same code. */
export async function offlineReview(stateDir: string, options: ReviewOptions): Promise<Review> {
  return reviewFacts(options.quick ? checks.filter(({ quick }) => quick === true) : checks, await offlineFacts(stateDir, options))
}

async function openVaultOffline(stateDir: string, keyFile: string): Promise<{ state: Facts['vault']; opened?: Vault }> {
  if (!existsSync(vaultFile(stateDir))) return { state: { state: 'none' } }
  // Opening makes the folder private, which would hide from the review that it was not.
  if ((statSync(dirname(vaultFile(stateDir))).mode & 0o077) !== 0) return { state: { state: 'unopened' } }
  try {
    const opened = await createVault({ stateDir, keyFile, clock: systemClock, ...keyPlaces(ownEnvironment()), lookOnly: true })
    return { state: sealed(opened), opened }
  } catch (error) {
    return { state: { state: 'unusable', reason: describeError(error) } }
  }
}

/** The record without a running gateway, by the same code; reads only. */
export async function offlineAudit(stateDir: string): Promise<OfflineAudit> {
  const file = join(stateDir, 'sessions', 'moltbot.db')
  if (!existsSync(file)) throw new Problem('audit-empty', `There is no record yet: ${file} is not there.`, { next: 'Start the gateway once: moltbot gateway run' })
  const vault = await openVaultOffline(stateDir, vaultKeyFile(ownEnvironment()))
  const key = vault.opened === undefined ? undefined : auditKey(vault.opened)
  const sealedSecrets = { get: (name: string) => vault.opened?.get(name) }
  const config = await openConfigOffline(stateDir, withSealed(mergeEnvironment(stateDir, ownEnvironment()), sealedSecrets), sealedSecrets)
  const database = await openSqlite(file, { readOnly: true })
  const store = createSqliteStore(database, database)
  return openRecord({
    read: store.read, key, stateDir, anchor: config.get(auditSection).anchor.file, anchorFile: auditAnchorFile(ownEnvironment()), source: { version: readVersion(installation()), host: hostname() },
    async close() {
      await store.close()
      await config.close()
    },
  })
}

/** A secret of the vault, for what the command line shows to its own gateway; nothing is made or changed, and nobody is asked for a passphrase. */
export async function sealedSecret(stateDir: string, name: string): Promise<string | undefined> {
  if (factorSecrets.includes(name)) return undefined
  return (await sealedFor(stateDir, ownEnvironment())).get(name)?.open('the command line shows it to the gateway')
}

/** The vault without a running gateway, by the same code, with every act in the record. No gateway can start on this state directory until it is closed. */
export async function offlineVault(stateDir: string, options: OfflineVaultOptions): Promise<OfflineVault> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const unlock = await lockStateDirectory(join(stateDir, 'sessions', 'gateway.lock'))
  try {
    const vault = await createVault({
      stateDir, keyFile: vaultKeyFile(ownEnvironment()), clock: systemClock, ...keyPlaces(ownEnvironment()),
      passphrase: passphraseOnce(options.passphrase === undefined ? {} : { askPassphrase: options.passphrase }, ownEnvironment()), ...(options.acceptOlder === undefined ? {} : { acceptOlder: options.acceptOlder }),
    })
    const store = await openStore({ file: join(stateDir, 'sessions', 'moltbot.db'), migrations, now: () => systemClock.now() })
    const audit = createAudit({ store, clock: systemClock, newId: createIds(() => systemClock.now()), key: () => auditKey(vault) })
    const record = (act: VaultAct): Promise<void> => recordVaultAct(act, ownerPrincipal, audit, store)
    if (options.acceptOlder === true) await record({ act: 'vault.older-accepted', subject: 'vault', outcome: 'done', reason: 'the owner put an older copy back', facts: { generation: vault.status().generation } })
    return {
      ...createVaultDesk({ vault, secretsEnv: join(stateDir, 'secrets.env'), record, changed: async () => undefined }),
      async close() {
        await store.close()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}
