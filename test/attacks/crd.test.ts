import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { realClock } from '@moltbot/contract/testing'
import { absorbSecretsEnv, createVault, createVaultDesk, systemKeyring, type Vault, type VaultAct, type VaultOptions } from '../../gateway/src/foundation/vault/index.ts'
import { sealBytes } from '../../gateway/src/foundation/vault/envelope.ts'
import { exportSecrets } from '../../gateway/src/foundation/vault/export-secrets.ts'
import { asKey } from '../../gateway/src/foundation/vault/vault-key.ts'
import { bundleProgram } from '../support/bundle-program.ts'

let root: string
let stateDir: string
let keyFile: string
let file: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'crd-'))
  stateDir = join(root, 'state')
  mkdirSync(stateDir)
  keyFile = join(root, 'keys', 'vault.key')
  file = join(stateDir, 'credentials', 'vault.json')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const open = (more: Partial<VaultOptions> = {}): Promise<Vault> => createVault({ stateDir, keyFile, clock: realClock, ...more })
const value = (vault: Vault, name = 'a'): string | undefined => vault.get(name)?.open('test')
const codeOf = (work: () => unknown): Promise<string> => Promise.resolve().then(work).then(() => 'it should have failed', (error: { code?: string }) => error.code ?? String(error))
const passphrase = 'correct horse battery staple'

/** A keyring that is a program of its own, as `secret-tool` is: what it keeps is a file, and it may be locked. */
function keyringProgram(): { keyring: NonNullable<VaultOptions['keyring']>; entries(): Record<string, string>; lock(locked: boolean): void } {
  const store = join(root, 'keyring.json')
  const program = join(root, 'secret-tool')
  writeFileSync(program, `#!${process.execPath}
const fs = require('node:fs'), file = ${JSON.stringify(store)}
if (fs.existsSync(file + '.locked')) { console.error('Cannot create an item in a locked collection'); process.exit(1) }
const all = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {}
const [what, ...words] = process.argv.slice(2), account = words[words.indexOf('account') + 1]
if (what === 'store') { all[account] = fs.readFileSync(0, 'utf8'); fs.writeFileSync(file, JSON.stringify(all)) }
else if (what === 'clear') { delete all[account]; fs.writeFileSync(file, JSON.stringify(all)) }
else if (all[account] === undefined) process.exit(1)
else console.log(all[account])
`, { mode: 0o700 })
  return {
    keyring: systemKeyring({ platform: 'linux', environment: {}, program }),
    entries: () => (existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')) as Record<string, string> : {}),
    lock: (locked) => (locked ? writeFileSync(`${store}.locked`, '') : rmSync(`${store}.locked`)),
  }
}

let vaultProgram: Promise<string> | undefined
let children = 0
/** Runs a few lines with the vault's code in a process of their own; they may kill themselves. */
async function inChild(lines: string): Promise<{ code: number | null; signal: string | null; said: string }> {
  vaultProgram ??= bundleProgram({ text: "export { createVault } from './gateway/src/foundation/vault/index.ts'\nexport { lockStateDirectory } from './gateway/src/foundation/storage/index.ts'\n" })
  const program = `import { createVault, lockStateDirectory } from ${JSON.stringify(await vaultProgram)}
const at = ${JSON.stringify({ stateDir, keyFile })}
const clock = { now: () => Date.now(), after: () => () => undefined }
${lines}`
  const script = join(root, `child-${children += 1}.mjs`)
  writeFileSync(script, program)
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data: Buffer) => { said += data.toString('utf8') })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, said }))
  })
}

describe('CRD-01 a copy without the key', () => {
  it('opens nothing; with it, it does', async () => {
    await (await open()).set('a', 'canary-one')
    const elsewhere = join(root, 'elsewhere')
    cpSync(stateDir, elsewhere, { recursive: true })
    expect(await codeOf(() => open({ stateDir: elsewhere, keyFile: join(root, 'other', 'vault.key') }))).toBe('vault-key-missing')
    expect(value(await open({ stateDir: elsewhere }))).toBe('canary-one')
  })
})

describe('CRD-02 what is in the file is what was sealed, and the last of it', () => {
  it('an older file is refused, and taken only when its owner says so', async () => {
    const vault = await open()
    await vault.set('a', 'canary-old')
    const old = join(root, 'old.json')
    copyFileSync(file, old)
    await vault.set('a', 'canary-new')
    copyFileSync(old, file)
    expect(await codeOf(() => vault.get('a'))).toBe('vault-rolled-back')
    expect(await codeOf(() => open())).toBe('vault-rolled-back')
    expect(value(await open({ acceptOlder: true }))).toBe('canary-old')
    expect(value(await open())).toBe('canary-old')
  })

  it('negative twin: without the floor the older file is accepted', async () => {
    const vault = await open()
    await vault.set('a', 'canary-old')
    copyFileSync(file, join(root, 'old.json'))
    await vault.set('a', 'canary-new')
    copyFileSync(join(root, 'old.json'), file)
    rmSync(`${keyFile}.floor`)
    expect(value(await open())).toBe('canary-old')
  })

  it.each<[string, (stored: { generation: number; secrets: Record<string, { version: number }> }, old: { secrets: Record<string, { version: number }> }) => void]>([
    ['one secret put back to its older value', (stored, old) => { stored.secrets['a'] = old.secrets['a'] as never }],
    ['one secret taken out', (stored) => { delete stored.secrets['a'] }],
    ['a secret of another name put in its place', (stored) => { stored.secrets['a'] = stored.secrets['b'] as never }],
    ['a later generation pretended', (stored) => { stored.generation += 5 }],
  ])('%s: it is not handed out', async (_what, change) => {
    const vault = await open()
    await vault.set('a', 'canary-old')
    const old = JSON.parse(readFileSync(file, 'utf8')) as never
    await vault.set('a', 'canary-new')
    await vault.set('b', 'canary-b')
    const stored = JSON.parse(readFileSync(file, 'utf8')) as never
    change(stored, old)
    writeFileSync(file, JSON.stringify(stored))
    expect(await codeOf(() => vault.get('a'))).toMatch(/^vault-(tampered|damaged)$/)
    expect(await codeOf(async () => (await open()).get('a'))).toMatch(/^vault-(tampered|damaged)$/)
  })

  it('every single changed byte of the file is noticed, or changes nothing', async () => {
    const vault = await open()
    await vault.set('a', 'canary-one')
    const whole = readFileSync(file)
    for (let at = 0; at < whole.length; at += 7) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 4
      writeFileSync(file, changed)
      const found = await codeOf(async () => { if (value(await open()) !== 'canary-one') throw new Error('another value') })
      expect(found === 'it should have failed' || /^vault-/.test(found), `byte ${at}: ${found}`).toBe(true)
    }
  })

  it('no nonce comes twice', () => {
    const key = asKey(Buffer.alloc(32, 7)).key
    const seen = new Set<string>()
    for (let count = 0; count < 20_000; count += 1) seen.add(sealBytes(key, ['x'], Buffer.of(1)).nonce)
    expect(seen.size).toBe(20_000)
  })
})

describe('CRD-03 the key', () => {
  it('stands in no environment, argument or log, and others may not read it', async () => {
    const vault = await open()
    await vault.set('a', 'canary-one')
    const key = readFileSync(keyFile, 'utf8').trim().split(':')[1] ?? ''
    expect(key.length).toBe(43)
    expect(JSON.stringify([process.env, process.argv, vault.status(), vault.list()])).not.toContain(key)
    chmodSync(keyFile, 0o604)
    expect(await codeOf(() => open())).toBe('vault-key-permissions')
  })

  it('what is derived for a purpose is the same for ever, through every kind of key, and tells nothing of another', async () => {
    const { keyring } = keyringProgram()
    const vault = await open({ keyring })
    const before = vault.deriveKey('audit chain')
    expect(before).toHaveLength(32)
    expect(vault.deriveKey('another purpose').equals(before)).toBe(false)
    await vault.rotate()
    await vault.rotate({ kind: 'keyring' })
    expect((await open({ keyring })).deriveKey('audit chain').equals(before)).toBe(true)
  })
})

describe('CRD-04 rotation of the key', () => {
  const steps = ['key-written', 'vault-written', 'floor-written', 'key-placed', 'old-key-removed']
  it.each(steps)('killed after %s: the vault opens with all that was in it', async (step) => {
    await (await open()).set('a', 'canary-one')
    const root = (await open()).deriveKey('x')
    const ended = await inChild(`const vault = await createVault({ ...at, clock, onStep: (step) => { if (step === ${JSON.stringify(step)}) process.kill(process.pid, 'SIGKILL') } })
await vault.rotate()`)
    expect(ended.signal, ended.said).toBe('SIGKILL')
    const vault = await open()
    expect(value(vault)).toBe('canary-one')
    expect(vault.deriveKey('x').equals(root)).toBe(true)
    await vault.set('a', 'canary-two')
    await vault.rotate()
    expect(value(await open())).toBe('canary-two')
  })

  it('the steps are all there are', async () => {
    const seen: string[] = []
    const vault = await open({ onStep: (step) => seen.push(step) })
    await vault.rotate()
    expect(seen).toEqual(steps)
  })

  it('negative twin: a rotation that puts the key in place first loses the vault when it dies between', async () => {
    await (await open()).set('a', 'canary-one')
    const broken = await inChild(`import { renameSync } from 'node:fs'
const vault = await createVault({ ...at, clock, onStep: (step) => { if (step === 'key-written') { renameSync(at.keyFile + '.next', at.keyFile); process.kill(process.pid, 'SIGKILL') } } })
await vault.rotate()`)
    expect(broken.signal, broken.said).toBe('SIGKILL')
    expect(await codeOf(() => open())).toBe('vault-key-wrong')
  })

  it('through every kind and back, online: the old key opens nothing any more', async () => {
    const { keyring, entries } = keyringProgram()
    const credentialsDir = join(root, 'credentials')
    mkdirSync(credentialsDir)
    const vault = await open({ keyring, credentialsDir: credentialsDir })
    await vault.set('a', 'canary-one')
    const oldFile = readFileSync(file)
    const oldKey = readFileSync(keyFile)
    await vault.rotate({ kind: 'keyring' })
    expect(existsSync(keyFile)).toBe(false)
    expect(Object.keys(entries())).toHaveLength(1)
    expect(value(await open({ keyring }))).toBe('canary-one')
    await vault.rotate({ kind: 'passphrase', passphrase })
    expect(entries()).toEqual({})
    expect(value(await open({ passphrase: async () => passphrase }))).toBe('canary-one')
    await vault.rotate({ kind: 'file' })
    expect(value(await open())).toBe('canary-one')
    copyFileSync(keyFile, join(credentialsDir, 'moltbot-vault-key'))
    await vault.rotate({ kind: 'credential' })
    expect(existsSync(keyFile)).toBe(false)
    expect(value(await open({ credentialsDir }))).toBe('canary-one')
    expect(await codeOf(() => vault.rotate())).toBe('vault-credential-rotation')
    // An old file with its old key, put back by somebody who kept both: older than the floor.
    writeFileSync(file, oldFile)
    writeFileSync(keyFile, oldKey, { mode: 0o600 })
    expect(await codeOf(() => open())).toBe('vault-rolled-back')
  })

  it('a key that another vault needs is not taken away from it', async () => {
    const other = await createVault({ stateDir: join(root, 'other'), keyFile, clock: realClock })
    await other.set('b', 'canary-other')
    const vault = await open()
    expect(await codeOf(() => vault.rotate())).toBe('vault-key-shared')
    expect(value(await createVault({ stateDir: join(root, 'other'), keyFile, clock: realClock }), 'b')).toBe('canary-other')
  })
})

describe('CRD-05 a key that cannot be had', () => {
  it('wrong passphrase, none, and the right one; never anything in the clear', async () => {
    const vault = await open()
    await vault.set('a', 'canary-one')
    await vault.rotate({ kind: 'passphrase', passphrase })
    expect(await codeOf(() => open({ passphrase: async () => 'a wrong passphrase' }))).toBe('vault-passphrase-wrong')
    const locked = await open()
    expect(locked.status()).toMatchObject({ state: 'locked', reason: expect.stringContaining('--passphrase-fd') as string })
    for (const work of [() => locked.get('a'), () => locked.list(), () => locked.deriveKey('x'), () => locked.set('b', 'canary-two'), () => locked.rotate()]) expect(await codeOf(work)).toBe('vault-locked')
    expect(await codeOf(() => locked.unlock('a wrong passphrase'))).toBe('vault-passphrase-wrong')
    expect(await locked.unlock(passphrase)).toMatchObject({ state: 'open' })
    expect(value(locked)).toBe('canary-one')
    expect(readdirSync(join(stateDir, 'credentials'))).toEqual(['vault.json'])
    expect(existsSync(keyFile)).toBe(false)
  })

  it('locked, it says of a name that nobody sealed what it always says, so that whoever looks in passing is not stopped', async () => {
    const vault = await open()
    await vault.set('a', 'canary-one')
    vault.lock()
    expect(vault.get('nobody-sealed-this')).toBeUndefined()
    expect(await codeOf(() => vault.get('a'))).toBe('vault-locked')
    // Taking a name out of the file hides it while the vault is locked; once it is open, that is found.
    writeFileSync(file, readFileSync(file, 'utf8').replace('"a":', '"b":'))
    expect(vault.get('a')).toBeUndefined()
    await vault.unlock()
    expect(await codeOf(() => vault.get('a'))).toBe('vault-tampered')
  })

  it.each(['two lines of\nwords enough', 'a tab in the\tmiddle of it', 'ends with a line\r'])('a passphrase that nobody could type again is not taken: %j', async (untypable) => {
    const vault = await open()
    await vault.set('a', 'canary-one')
    expect(await codeOf(() => vault.rotate({ kind: 'passphrase', passphrase: untypable }))).toBe('vault-passphrase-weak')
    expect(value(await open())).toBe('canary-one')
    expect(await codeOf(() => exportSecrets(vault, { passphrase: untypable }))).toBe('vault-export-target')
  })

  it('a locked keyring, one without the entry, and none at all', async () => {
    const { keyring, lock } = keyringProgram()
    const vault = await open({ keyring })
    await vault.set('a', 'canary-one')
    lock(true)
    expect(await codeOf(() => vault.rotate({ kind: 'keyring' }))).toMatch(/^vault-keyring-(refused|locked)$/)
    expect(value(await open())).toBe('canary-one')
    lock(false)
    await vault.rotate({ kind: 'keyring' })
    lock(true)
    const locked = await open({ keyring })
    expect(locked.status()).toMatchObject({ state: 'locked', reason: expect.stringContaining('unlock') as string })
    lock(false)
    await locked.unlock()
    expect(value(locked)).toBe('canary-one')
    rmSync(join(root, 'keyring.json'))
    expect((await open({ keyring })).status().state).toBe('locked')
    expect((await open()).status().reason).toContain('libsecret-tools')
    expect(await codeOf(async () => value(await open()))).toBe('vault-keyring-missing')
  })

  it('a missing or foreign credential', async () => {
    const credentialsDir = join(root, 'handed-over')
    mkdirSync(credentialsDir)
    writeFileSync(join(credentialsDir, 'moltbot-vault-key'), `moltbot-vault-key-1:${Buffer.alloc(32, 5).toString('base64url')}`, { mode: 0o400 })
    const vault = await open({ credentialsDir })
    expect(vault.status().kind).toBe('credential')
    await vault.set('a', 'canary-one')
    expect(existsSync(keyFile)).toBe(false)
    expect(await codeOf(() => open())).toBe('vault-credential-missing')
    rmSync(join(credentialsDir, 'moltbot-vault-key'))
    writeFileSync(join(credentialsDir, 'moltbot-vault-key'), `moltbot-vault-key-1:${Buffer.alloc(32, 6).toString('base64url')}`, { mode: 0o400 })
    expect(await codeOf(() => open({ credentialsDir }))).toBe('vault-key-wrong')
  })
})

describe('CRD-07 legacy files', () => {
  const plain = '# keys\nexport A_KEY="canary-one"\nB_TOKEN=canary-two\nEMPTY=\nMOLTBOT_GATEWAY_TOKEN=for-clients-here\n# old: canary-one\n'
  it('secrets.env is absorbed: references stay, the values are gone from the disk, and the record says so', async () => {
    const secretsEnv = join(stateDir, 'secrets.env')
    writeFileSync(secretsEnv, plain, { mode: 0o600 })
    const vault = await open()
    const acts: VaultAct[] = []
    const desk = createVaultDesk({ vault, secretsEnv, record: async (act) => void acts.push(act), changed: async () => undefined })
    expect(await desk.importEnv()).toEqual({ file: secretsEnv, moved: ['A_KEY', 'B_TOKEN'], left: ['EMPTY', 'MOLTBOT_GATEWAY_TOKEN'] })
    expect(readFileSync(secretsEnv, 'utf8')).toBe("# keys\nexport A_KEY='${secret:A_KEY}'\nexport B_TOKEN='${secret:B_TOKEN}'\nEMPTY=\nMOLTBOT_GATEWAY_TOKEN=for-clients-here\n# old: (moved to the vault)\n")
    const left = readdirSync(stateDir, { recursive: true, encoding: 'utf8' }).map((name) => join(stateDir, name)).filter((path) => !path.endsWith('credentials')).filter((path) => readFileSync(path, 'utf8').includes('canary'))
    expect(left).toEqual([])
    expect(acts).toMatchObject([{ act: 'vault.imported', outcome: 'done', facts: { moved: ['A_KEY', 'B_TOKEN'] } }])
    expect(value(await open(), 'B_TOKEN')).toBe('canary-two')
  })

  it('a vault that cannot take them leaves the file as it was', async () => {
    const secretsEnv = join(stateDir, 'secrets.env')
    writeFileSync(secretsEnv, plain, { mode: 0o600 })
    const vault = await open()
    vault.lock()
    expect(await codeOf(() => absorbSecretsEnv(secretsEnv, vault))).toBe('vault-locked')
    expect(readFileSync(secretsEnv, 'utf8')).toBe(plain)
    const forgetful = { get: () => undefined, set: async () => undefined }
    expect(await codeOf(() => absorbSecretsEnv(secretsEnv, forgetful))).toBe('vault-damaged')
    expect(readFileSync(secretsEnv, 'utf8')).toBe(plain)
  })
})

describe('CRD-08 eight writers', () => {
  it('in one process: nothing is lost', async () => {
    const vault = await open()
    await Promise.all(Array.from({ length: 8 }, (_, writer) => Promise.all(Array.from({ length: 5 }, (_, number) => vault.set(`w${writer}-${number}`, `value-${number}`)))))
    expect((await open()).list()).toHaveLength(40)
  })

  it('in eight processes that share the lock: nothing is lost', async () => {
    await open()
    const ended = await Promise.all(Array.from({ length: 8 }, (_, writer) => inChild(`const exclusive = async () => {
  for (;;) {
    try { return await lockStateDirectory(at.stateDir + '/gateway.lock') } catch (error) { if (error.code !== 'store-locked') throw error }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
const vault = await createVault({ ...at, clock, exclusive })
for (let number = 0; number < 3; number += 1) await vault.set('w${writer}-' + number, 'value')`)))
    expect(ended.filter(({ code }) => code !== 0)).toEqual([])
    expect((await open()).list()).toHaveLength(24)
  })

  it('negative twin: two that do not wait for each other lose a change', async () => {
    const first = await open()
    await first.set('base', 'value')
    const before = readFileSync(file)
    await first.set('one', 'value')
    // What a writer does that read before the other wrote.
    writeFileSync(file, before)
    rmSync(`${keyFile}.floor`)
    const second = await open()
    await second.set('two', 'value')
    expect(second.list().map(({ name }) => name)).toEqual(['base', 'two'])
  })
})
