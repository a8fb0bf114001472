import { hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Problem, VaultKeyKind, VaultStatus } from '@moltbot/contract'
import { Secret } from '@moltbot/contract'
import { digestOf, openBytes, sealBytes } from './envelope.ts'
import { openFloor } from './floor.ts'
import type { Floor } from './floor.ts'
import type { Keyring } from './keyring.ts'
import { checkPassphrase, passphraseCost, passphraseKey } from './passphrase-key.ts'
import { vaultProblems } from './problems.ts'
import { makePrivate, moveDurably, readSealed, shred, writeSealed } from './sealed-file.ts'
import type { RotationTarget, VaultDoor } from './types.ts'
import { asKey, keyBytes, newKeyText, parseKeyText, readKeyFile, writeKeyFile } from './vault-key.ts'
import type { VaultKey } from './vault-key.ts'
import { isRecord, parseVault, writeVault } from './vault-file.ts'
import type { Envelope, KeyHeader, VaultFile } from './vault-file.ts'

export interface VaultOptions {
  /** The vault is `credentials/vault.json` in it. */
  stateDir: string
  /** Outside the state directory, so that a copy of the state alone opens nothing. Made at first use, mode 600. The floor lies beside it. */
  keyFile: string
  clock: Clock
  /** `$CREDENTIALS_DIRECTORY` of systemd; `moltbot-vault-key` in it is the key. Absent: none were handed over. */
  credentialsDir?: string
  /** Absent: a vault whose key is in a keyring stays locked. */
  keyring?: Keyring
  /** Asked when the key is a passphrase. Absent or undefined: the vault stays locked until `unlock`. */
  passphrase?: () => Promise<string | undefined>
  /** Keeps other processes from writing until the returned function is called. Absent: whoever opens it holds such a lock already. */
  exclusive?: () => Promise<() => void>
  /** Hears every value before it is handed out, so that logs can hide it. */
  onSecret?: (value: string) => void
  /** Hears a sentence about what was mended at opening. */
  onNotice?: (sentence: string) => void
  /** Hears each durable step of a change of the key, in order. */
  onStep?: (step: RotationStep) => void
  /** The owner knows that this copy is older than the last one and wants it nevertheless. */
  acceptOlder?: boolean
  /** For somebody who only looks: nothing is made, moved or remembered, and a vault that is not there is `vault-key-missing`. */
  lookOnly?: boolean
}

/** What is on the disk after each step of a rotation. */
export type RotationStep = 'key-written' | 'vault-written' | 'floor-written' | 'key-placed' | 'old-key-removed'

/**
 * Secrets sealed at rest. Every method throws a `Problem` when the file or the key is not what it should be, and hands
 * out nothing then. Changes another process made are seen at the next call; writes of one vault object happen one after
 * the other.
 */
export interface Vault extends VaultDoor {
  /** 32 bytes for one purpose, always the same for this vault, whatever happens to its key. Throws `vault-locked`. */
  deriveKey(purpose: string): Buffer
}

interface Loaded { stamp: string; vault: VaultFile; digests: Map<string, string> }

const valueBytesMax = 65_536
const nameShape = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/
const credentialName = 'moltbot-vault-key'

/**
 * Opens the vault, making folder, key and file at first start. Rejects with a `Problem` rather than open a vault that may
 * have been touched. When only the passphrase or the keyring is missing, the vault is there but locked.
 */
export async function createVault(options: VaultOptions): Promise<Vault> {
  const { stateDir, keyFile, clock, credentialsDir, keyring } = options
  const folder = join(stateDir, 'credentials')
  const file = join(folder, 'vault.json')
  const nextKeyFile = `${keyFile}.next`
  const floor: Floor = openFloor(`${keyFile}.floor`)
  let opened: { key: VaultKey; root: Buffer } | undefined
  let cached: Loaded | undefined
  let lockedBecause: Problem = vaultProblems.locked()
  let lastWork: Promise<unknown> = Promise.resolve()

  if (options.lookOnly !== true) makePrivate(folder)
  if (options.acceptOlder === true) forgetFloor()
  await openFirst()

  async function openFirst(): Promise<void> {
    const least = floor.take()
    const vault = readVault()
    if (vault === undefined) {
      if (options.lookOnly === true) throw vaultProblems.keyMissing(keyFile, file)
      return begin()
    }
    try {
      admit(vault, await fetchKey(vault, () => options.passphrase?.() ?? Promise.resolve(undefined)), least)
    } catch (error) {
      if (codeOf(error) === 'vault-key-missing' && vault.secrets.size === 0 && options.lookOnly !== true) {
        // Nothing a person put there is lost: the state directory alone moved here, or the key's folder was not kept.
        const aside = `${file}.without-key-${clock.now()}`
        moveDurably(file, aside)
        options.onNotice?.(`The vault held no secrets and its key is gone: a new one was made, and the old file is ${aside}.`)
        return begin()
      }
      if (!mayWait(error)) throw error
      lockedBecause = error as Problem
    }
  }

  /** The very first vault: its key is a credential when one was handed over, else the key file. */
  function begin(): void {
    const credential = credentialsDir === undefined ? undefined : readCredential()
    const key = credential ?? readKeyFile(keyFile, stateDir) ?? writeKeyFile(keyFile, stateDir, { fresh: true })
    opened = { key, root: randomBytes(keyBytes) }
    save({ id: randomBytes(8).toString('hex'), key: { kind: credential === undefined ? 'file' : 'credential', id: key.id }, generation: 0, secrets: new Map() }, opened)
  }

  function forgetFloor(): void {
    const vault = readVault()
    if (vault !== undefined) floor.keep(vault.id, { generation: vault.generation, keyId: vault.key.id, file }, true)
  }

  function readVault(): VaultFile | undefined {
    const found = readSealed(file)
    return found === undefined ? undefined : parseVault(found.text, file)
  }

  function readCredential(): VaultKey | undefined {
    const place = join(credentialsDir ?? '', credentialName)
    const found = readSealed(place)
    if (found === undefined) return undefined
    const key = parseKeyText(found.text)
    if (key === undefined) throw vaultProblems.keyInvalid(place)
    return key
  }

  /** The key the file names. Throws when it is missing, wrong, or needs a person. */
  async function fetchKey(vault: VaultFile, askPassphrase: () => Promise<string | undefined>): Promise<VaultKey> {
    const { key: header } = vault
    switch (header.kind) {
      case 'file': {
        const key = readKeyFile(keyFile, stateDir)
        if (key?.id === header.id) return key
        const next = readKeyFile(nextKeyFile, stateDir)
        if (next?.id === header.id) {
          // A rotation was interrupted after the vault was sealed anew.
          if (options.lookOnly !== true) moveDurably(nextKeyFile, keyFile)
          return next
        }
        throw key === undefined ? vaultProblems.keyMissing(keyFile, file) : vaultProblems.keyWrong(keyFile, file)
      }
      case 'credential': {
        const key = credentialsDir === undefined ? undefined : readCredential()
        if (key === undefined) throw vaultProblems.credentialMissing(credentialsDir === undefined ? undefined : join(credentialsDir, credentialName))
        return matching(key, vault, join(credentialsDir ?? '', credentialName))
      }
      case 'keyring': {
        if (keyring === undefined) throw vaultProblems.keyringMissing()
        const text = keyring.read(accountOf(vault.id, header.id))
        const key = text === undefined ? undefined : parseKeyText(text)
        if (key === undefined) throw vaultProblems.keyringLocked('it has no such entry')
        return matching(key, vault, 'in the keyring')
      }
      default: {
        const passphrase = await askPassphrase()
        if (passphrase === undefined || passphrase === '') throw vaultProblems.passphraseMissing()
        const key = await passphraseKey(passphrase, header)
        if (key.id !== header.id) throw vaultProblems.passphraseWrong()
        return key
      }
    }
  }

  function matching(key: VaultKey, vault: VaultFile, place: string): VaultKey {
    if (key.id !== vault.key.id) throw vaultProblems.keyWrong(place, file)
    return key
  }

  /** Takes the key into use: the list must open with it and not be older than the last one. */
  function admit(vault: VaultFile, key: VaultKey, least: (vaultId: string) => number): void {
    const { root, digests } = openManifest(vault, key)
    checkFloor(vault, least(vault.id))
    opened = { key, root }
    // Without a stamp: a change since it was read is seen at the next call.
    cached = { stamp: '', vault, digests }
    for (const name of vault.secrets.keys()) {
      try {
        options.onSecret?.(openOne(name, cached, key))
      } catch {
        // A damaged secret has no value that could be hidden; whoever asks for it hears of the damage.
      }
    }
  }

  function checkFloor(vault: VaultFile, least: number): void {
    if (vault.generation < least) throw vaultProblems.older(file, vault.generation, least)
    if (options.lookOnly !== true) floor.keep(vault.id, { generation: vault.generation, keyId: vault.key.id, file })
  }

  function openManifest(vault: VaultFile, key: VaultKey): { root: Buffer; digests: Map<string, string> } {
    if (vault.key.id !== key.id) throw vaultProblems.keyWrong(placeOf(vault.key.kind), file)
    try {
      const parsed: unknown = JSON.parse(openBytes(key.key, manifestFacts(vault), vault.manifest).toString('utf8'))
      if (!isRecord(parsed) || typeof parsed['root'] !== 'string' || !isRecord(parsed['secrets'])) throw new Error('not a list')
      return { root: Buffer.from(parsed['root'], 'base64'), digests: new Map(Object.entries(parsed['secrets']).map(([name, digest]) => [name, String(digest)])) }
    } catch (error) {
      throw vaultProblems.damaged(file, 'its list of secrets is not what was sealed', error)
    }
  }

  function placeOf(kind: VaultKeyKind): string {
    return kind === 'file' ? keyFile : kind === 'credential' ? join(credentialsDir ?? '', credentialName) : kind === 'keyring' ? 'in the keyring' : 'of the passphrase'
  }

  function open(): { key: VaultKey; root: Buffer } {
    if (opened === undefined) throw lockedBecause
    return opened
  }

  function load(): Loaded {
    const { key } = open()
    const stamp = stampOf(file)
    if (cached?.stamp === stamp) return cached
    const least = floor.take()
    const vault = readVault()
    if (vault === undefined) throw vaultProblems.damaged(file, 'it is gone')
    const { digests } = openManifest(vault, key)
    checkFloor(vault, least(vault.id))
    cached = { stamp, vault, digests }
    return cached
  }

  function openOne(name: string, { vault, digests }: Loaded, key: VaultKey): string {
    const envelope = vault.secrets.get(name)
    try {
      if (envelope === undefined) throw new Error('it was taken out of the file')
      if (digests.get(name) !== digestOfEnvelope(envelope)) throw new Error('another one than was listed')
      return openBytes(key.key, secretFacts(vault.id, name, envelope), envelope).toString('utf8')
    } catch (error) {
      throw vaultProblems.tampered(file, name, error)
    }
  }

  /** The one way to a changed file. The list is sealed together with the envelopes, bound to the next generation. */
  function save(before: Omit<VaultFile, 'manifest'>, { key, root }: { key: VaultKey; root: Buffer }, onStep: (step: RotationStep) => void = () => undefined): void {
    const { id, key: header, secrets } = before
    const generation = before.generation + 1
    const digests = new Map([...secrets].map(([name, envelope]) => [name, digestOfEnvelope(envelope)]))
    const list = JSON.stringify({ root: root.toString('base64'), secrets: Object.fromEntries(digests) })
    const vault: VaultFile = { id, key: header, generation, secrets, manifest: sealBytes(key.key, manifestFacts({ id, generation, key: header }), Buffer.from(list)) }
    writeSealed(file, writeVault(vault), { fresh: false })
    cached = undefined
    onStep('vault-written')
    floor.keep(id, { generation, keyId: key.id, file })
    onStep('floor-written')
  }

  /** One change at a time in this process, and with `exclusive` on this machine. */
  function inTurn<T>(work: () => Promise<T> | T): Promise<T> {
    const locked = async (): Promise<T> => {
      const release = await options.exclusive?.()
      try {
        return await work()
      } finally {
        release?.()
      }
    }
    const done = lastWork.then(locked, locked)
    lastWork = done.catch(() => {
      // Whoever asked for the change hears of its failure; the queue only goes on.
    })
    return done
  }

  function status(): VaultStatus {
    const vault = opened === undefined ? readVault() : load().vault
    if (vault === undefined) throw vaultProblems.damaged(file, 'it is gone')
    const facts = { kind: vault.key.kind, keyId: vault.key.id, generation: vault.generation, secrets: vault.secrets.size }
    return opened === undefined ? { state: 'locked', reason: lockedBecause.explain(), ...facts } : { state: 'open', ...facts }
  }

  async function rotate(target: RotationTarget | undefined): Promise<VaultStatus> {
    const before = load()
    const { key: oldKey, root } = open()
    const { vault } = before
    const old = vault.key
    const kind = target?.kind ?? old.kind
    const step = (name: RotationStep): void => options.onStep?.(name)
    const usesFile = old.kind === 'file' || kind === 'file'
    const other = usesFile ? floor.sharedWith(vault.id, oldKey.id) : undefined
    if (other !== undefined) throw vaultProblems.keyShared(keyFile, other)
    // What cannot be opened would be lost with the old key: it fails here, before anything is written.
    const values = [...vault.secrets].map(([name, envelope]) => ({ name, envelope, value: openOne(name, before, oldKey) }))

    let key: VaultKey
    let header: KeyHeader
    switch (kind) {
      case 'file':
        if (old.kind !== 'file' && existsSync(keyFile)) throw vaultProblems.keyInTheWay(keyFile)
        key = writeKeyFile(nextKeyFile, stateDir, { fresh: false })
        header = { kind, id: key.id }
        break
      case 'keyring': {
        if (keyring === undefined) throw vaultProblems.keyringMissing()
        const text = newKeyText()
        key = parseKeyText(text) ?? asKey(randomBytes(keyBytes))
        keyring.write(accountOf(vault.id, key.id), text)
        header = { kind, id: key.id }
        break
      }
      case 'credential': {
        if (old.kind === 'credential') throw vaultProblems.credentialRotation()
        const credential = credentialsDir === undefined ? undefined : readCredential()
        if (credential === undefined) throw vaultProblems.credentialMissing(credentialsDir)
        key = credential
        header = { kind, id: key.id }
        break
      }
      default: {
        const recipe = { salt: randomBytes(16).toString('base64'), ...passphraseCost }
        key = await passphraseKey(checkPassphrase(target?.passphrase), recipe)
        header = { kind, id: key.id, ...recipe }
      }
    }
    step('key-written')

    const secrets = new Map(values.map(({ name, envelope, value }) => {
      const { version, createdAt, changedAt } = envelope
      return [name, seal(key, vault.id, name, value, { version, createdAt, changedAt })] as const
    }))
    const next = { key, root }
    save({ ...vault, key: header, secrets }, next, step)
    opened = next
    if (kind === 'file') moveDurably(nextKeyFile, keyFile)
    step('key-placed')
    if (old.kind === 'file' && kind !== 'file') shred(keyFile)
    if (old.kind === 'keyring') keyring?.remove(accountOf(vault.id, old.id))
    step('old-key-removed')
    return status()
  }

  return {
    get(name) {
      // Names are no secret: what the file does not name is not there, locked or not. Else whatever is asked in passing for a value nobody ever sealed would fail.
      if (opened === undefined && readVault()?.secrets.has(name) === false) return undefined
      const loaded = load()
      if (!loaded.vault.secrets.has(name) && !loaded.digests.has(name)) return undefined
      const value = openOne(name, loaded, open().key)
      options.onSecret?.(value)
      return new Secret(name, value)
    },
    set(name, value) {
      return inTurn(() => {
        if (!nameShape.test(name)) throw vaultProblems.nameInvalid(name)
        if (value === '' || Buffer.byteLength(value) > valueBytesMax) throw vaultProblems.valueInvalid(name)
        options.onSecret?.(value)
        const { vault } = load()
        const before = vault.secrets.get(name)
        const now = clock.now()
        const facts = { version: (before?.version ?? 0) + 1, createdAt: before?.createdAt ?? now, changedAt: now }
        save({ ...vault, secrets: new Map(vault.secrets).set(name, seal(open().key, vault.id, name, value, facts)) }, open())
      })
    },
    remove(name) {
      return inTurn(() => {
        const { vault, digests } = load()
        const secrets = new Map(vault.secrets)
        const was = secrets.delete(name)
        if (!was && !digests.has(name)) return false
        save({ ...vault, secrets }, open())
        return true
      })
    },
    list() {
      const now = clock.now()
      return [...load().vault.secrets].sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { version, createdAt, changedAt }]) => ({ name, version, createdAt, changedAt, ageMs: Math.max(0, now - changedAt) }))
    },
    deriveKey(purpose) {
      if (purpose === '') throw new Error('a derived key needs a purpose')
      return Buffer.from(hkdfSync('sha256', open().root, 'moltbot-vault', purpose, keyBytes))
    },
    status,
    lock() {
      opened?.root.fill(0)
      opened = undefined
      cached = undefined
      lockedBecause = vaultProblems.locked()
    },
    unlock(passphrase) {
      return inTurn(async () => {
        if (opened !== undefined) return status()
        const least = floor.take()
        const vault = readVault()
        if (vault === undefined) throw vaultProblems.damaged(file, 'it is gone')
        admit(vault, await fetchKey(vault, () => (passphrase === undefined ? options.passphrase?.() ?? Promise.resolve(undefined) : Promise.resolve(passphrase))), least)
        return status()
      })
    },
    rotate: (target) => inTurn(() => rotate(target)),
  }
}

/** Whether a person can still help, so that everything else may start meanwhile. */
function mayWait(error: unknown): boolean {
  return ['vault-locked', 'vault-keyring-locked', 'vault-keyring-missing'].includes(codeOf(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function accountOf(vaultId: string, keyId: string): string {
  return `${vaultId}-${keyId}`
}

/** What a sealed value is bound to: moved under another name, to another version, time or vault, it no longer opens. */
function secretFacts(vaultId: string, name: string, { version, createdAt, changedAt }: Pick<Envelope, 'version' | 'createdAt' | 'changedAt'>): (string | number)[] {
  return ['secret', vaultId, name, version, createdAt, changedAt]
}

function manifestFacts({ id, generation, key }: Pick<VaultFile, 'id' | 'generation' | 'key'>): (string | number)[] {
  return ['manifest', id, generation, key.kind]
}

function digestOfEnvelope({ version, createdAt, changedAt, nonce, sealed }: Envelope): string {
  return digestOf([version, createdAt, changedAt, nonce, sealed])
}

function seal(key: VaultKey, vaultId: string, name: string, value: string, facts: Pick<Envelope, 'version' | 'createdAt' | 'changedAt'>): Envelope {
  return { ...facts, ...sealBytes(key.key, secretFacts(vaultId, name, facts), Buffer.from(value, 'utf8')) }
}

/** Changes whenever the file was replaced or written. */
function stampOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? 'none' : `${stat.ino} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.size}`
}
