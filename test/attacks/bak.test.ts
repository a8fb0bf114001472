import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BackupManifest, Migration, OfflineBackup, Store } from '@moltbot/contract'
import { realClock } from '@moltbot/contract/testing'
import { auditKey } from '../../gateway/src/opened-vault.ts'
import { createAudit } from '../../gateway/src/foundation/audit/index.ts'
import { createIds } from '../../gateway/src/foundation/platform/index.ts'
import { lockStateDirectory, openStore } from '../../gateway/src/foundation/storage/index.ts'
import { createVault } from '../../gateway/src/foundation/vault/index.ts'
import { headerOf, paddingOf, archiveEnd, readMembers, type Member } from '../../gateway/src/foundation/backup/tar.ts'
import { offlineBackup } from '../../gateway/src/offline-backup.ts'
import { migrations } from '../../gateway/src/sections.ts'
import { root as project } from '../support/spawned-gateway.ts'

const passphrase = 'correct horse battery staple'
const newId = createIds(Date.now)
let home: string
let identity: string
let recipient: string

interface Place { stateDir: string; environment: Record<string, string>; backup: OfflineBackup }
/** A computer of its own: state, key and anchors in places of theirs. */
function computer(name: string): Place {
  const at = join(home, name)
  mkdirSync(at, { mode: 0o700 })
  const environment = { HOME: at, XDG_CONFIG_HOME: join(at, 'config'), XDG_STATE_HOME: join(at, 'anchors') }
  return { stateDir: join(at, 'state'), environment, backup: offlineBackup(join(at, 'state'), environment) }
}
const keyFile = ({ environment }: Place): string => join(environment['XDG_CONFIG_HOME'] ?? '', 'moltbot', 'vault.key')
const vaultOf = (place: Place) => createVault({ stateDir: place.stateDir, keyFile: keyFile(place), clock: realClock })
async function withStore<T>(place: Place, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ file: join(place.stateDir, 'sessions', 'moltbot.db'), migrations: migrations as readonly Migration[] })
  return work(store).finally(() => store.close())
}
const remember = (place: Place, words: string): Promise<void> => withStore(place, async (store) => {
  const vault = await vaultOf(place)
  const audit = createAudit({ store, clock: realClock, newId, key: () => auditKey(vault) })
  await store.transaction(async (tx) => {
    await tx.run('INSERT INTO channel_state (channel, account, name, value) VALUES (?, ?, ?, ?)', 'web', 'default', words, words)
    await audit.append(tx, { act: 'message.denied', principal: null, subject: words, outcome: 'deny', reason: words })
  })
})
const remembered = (place: Place): Promise<string[]> => withStore(place, async (store) => (await store.read.all('SELECT name FROM channel_state ORDER BY name')).map((row) => String(row['name'])))
const code = (work: Promise<unknown>): Promise<string> => work.then(() => 'it should have failed', (error: { code?: string; message?: string }) => error.code ?? String(error.message))

async function furnish(place: Place): Promise<void> {
  mkdirSync(join(place.stateDir, 'workspace', 'deep', 'empty'), { recursive: true, mode: 0o700 })
  writeFileSync(join(place.stateDir, 'moltbot.json'), '{ gateway: { port: 18789 } }\n', { mode: 0o600 })
  writeFileSync(join(place.stateDir, 'secrets.env'), 'A_KEY=plain-canary\n', { mode: 0o600 })
  writeFileSync(join(place.stateDir, 'workspace', 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(place.stateDir, 'workspace', 'deep', 'ärger 😀.md'), 'text'.repeat(60_000))
  writeFileSync(join(place.stateDir, 'workspace', 'deep', `${'long-'.repeat(40)}.txt`), '')
  symlinkSync('../run.sh', join(place.stateDir, 'workspace', 'deep', 'link'))
  symlinkSync('/etc/passwd', join(place.stateDir, 'workspace', 'deep', 'away'))
  mkdirSync(join(place.stateDir, 'logs'))
  writeFileSync(join(place.stateDir, 'logs', 'gateway.log'), 'not kept')
  const vault = await vaultOf(place)
  await vault.set('TOKEN', 'sealed-canary')
  await remember(place, 'first')
}

let first: Place
let made: string
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'bak-'))
  identity = await generateIdentity()
  recipient = await identityToRecipient(identity)
  first = computer('first')
  await furnish(first)
  made = join(home, 'first.age')
  await first.backup.create(made, { recipients: [recipient] }, { key: true })
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** What is in the file, as the standard tools would unpack it. */
async function plainOf(file: string): Promise<Buffer> {
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  return Buffer.from(await decrypter.decrypt(readFileSync(file)))
}
async function sealed(name: string, plain: Buffer): Promise<string> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  const file = join(home, name)
  writeFileSync(file, await encrypter.encrypt(plain))
  return file
}
async function* once(plain: Buffer): AsyncGenerator<Uint8Array> { yield plain }
async function membersIn(plain: Buffer): Promise<(Member & { body: Buffer })[]> {
  const all: (Member & { body: Buffer })[] = []
  await readMembers(once(plain), async (member, content) => {
    const pieces: Buffer[] = []
    for await (const piece of content) pieces.push(piece)
    all.push({ ...member, body: Buffer.concat(pieces) })
  })
  return all
}
const archive = (members: readonly (Member & { body?: Buffer })[]): Buffer =>
  Buffer.concat([...members.flatMap(({ body = Buffer.alloc(0), ...member }) => [headerOf({ ...member, bytes: member.kind === 'file' ? body.length : 0 }), body, paddingOf(body.length)]), archiveEnd])

describe('BAK-05 to an empty computer', () => {
  it('BAK-05: everything comes back as it was, with the sealed secrets, and the record verifies', async () => {
    const other = computer('other')
    const restored = await other.backup.restore(made, { identity }, { acceptOlder: false })
    expect([restored.aside, restored.record?.ok]).toEqual([undefined, true])
    for (const path of ['moltbot.json', 'secrets.env', 'credentials/vault.json', 'workspace/run.sh', 'workspace/deep/ärger 😀.md', `workspace/deep/${'long-'.repeat(40)}.txt`, 'workspace/deep/link']) {
      expect(readFileSync(join(other.stateDir, path)).equals(readFileSync(join(first.stateDir, path)))).toBe(true)
    }
    expect(existsSync(join(other.stateDir, 'workspace', 'deep', 'empty'))).toBe(true)
    for (const path of ['logs', 'workspace/deep/away']) expect(existsSync(join(other.stateDir, path))).toBe(false)
    expect([await remembered(other), (await vaultOf(other)).get('TOKEN')?.open('test')]).toEqual([['first'], 'sealed-canary'])
  })

  it('BAK-05: a copy made while others write is of one moment', async () => {
    const busy = computer('busy')
    await furnish(busy)
    await withStore(busy, async (store) => {
      let done = false
      const write = async (): Promise<void> => {
        for (let at = 0; !done; at += 1) {
          await store.transaction(async (tx) => {
            for (const side of ['left', 'right']) await tx.run('INSERT INTO channel_state (channel, account, name, value) VALUES (?, ?, ?, ?)', 'web', side, `n${at}`, 'x')
          })
        }
      }
      const writing = write()
      const file = join(home, 'busy.age')
      await busy.backup.create(file, { recipients: [recipient] }, { key: true })
      done = true
      await writing
      const fresh = computer('fresh')
      await fresh.backup.restore(file, { identity }, { acceptOlder: false })
      const pairs = await withStore(fresh, (copy) => copy.read.all("SELECT name, COUNT(*) AS sides FROM channel_state WHERE account != 'default' GROUP BY name"))
      expect(pairs.every((row) => row['sides'] === 2)).toBe(true)
    })
  })

  it('BAK-05: a kill while it is written leaves no file under its name and nothing in the way of the next', async () => {
    const file = join(home, 'killed.age')
    const program = join(home, 'create.mts')
    writeFileSync(program, `import { offlineBackup } from ${JSON.stringify(join(project, 'gateway', 'src', 'offline-backup.ts'))}
import { writeFileSync } from 'node:fs'
writeFileSync(${JSON.stringify(join(first.stateDir, 'workspace', 'large'))}, Buffer.alloc(60_000_000, 7))
console.log('go')
await offlineBackup(${JSON.stringify(first.stateDir)}, ${JSON.stringify(first.environment)}).create(${JSON.stringify(file)}, { recipients: [${JSON.stringify(recipient)}] }, { key: true })
`)
    const child = spawn(process.execPath, ['--import', join(project, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs'), program], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
    const partial = join(home, '.killed.age.partial')
    while (!existsSync(partial) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2))
    child.kill('SIGKILL')
    await ended
    rmSync(join(first.stateDir, 'workspace', 'large'), { force: true })
    expect([existsSync(file), existsSync(partial)]).toEqual([false, true])
    await first.backup.create(file, { recipients: [recipient] }, { key: true })
    expect((await first.backup.verify(file, { identity })).database).toBe('ok')
    expect([existsSync(partial), readdirSync(join(first.stateDir, 'backups'))]).toEqual([false, []])
  })
})

describe('BAK-01 damaged backups', () => {
  it('BAK-01: a bit turned anywhere, a piece swapped, cut, added or doubled: refused before anything is written', async () => {
    const whole = readFileSync(made)
    const place = computer('damaged')
    const file = join(home, 'damaged.age')
    const attempt = async (bytes: Buffer): Promise<string> => {
      writeFileSync(file, bytes)
      return code(place.backup.restore(file, { identity }, { acceptOlder: true }))
    }
    const outcomes = new Set<string>()
    for (let at = 0; at < 60; at += 1) {
      const bytes = Buffer.from(whole)
      const spot = Math.floor((whole.length * at) / 60)
      bytes[spot] = (bytes[spot] ?? 0) ^ (1 << (at % 8))
      outcomes.add(await attempt(bytes))
    }
    const chunk = 65_552
    const head = whole.length % chunk
    outcomes.add(await attempt(Buffer.concat([whole.subarray(0, head), whole.subarray(head + chunk, head + 2 * chunk), whole.subarray(head, head + chunk), whole.subarray(head + 2 * chunk)])))
    for (const length of [0, 100, whole.length >> 1, whole.length - 1]) outcomes.add(await attempt(whole.subarray(0, length)))
    outcomes.add(await attempt(Buffer.concat([whole, Buffer.from('x')])))
    outcomes.add(await attempt(Buffer.concat([whole, whole])))
    expect([...outcomes].filter((each) => each !== 'backup-unopened' && each !== 'backup-damaged')).toEqual([])
    expect(readdirSync(join(home, 'damaged')).filter((name) => name.startsWith('state.'))).toEqual([])
    expect(existsSync(join(place.stateDir, 'moltbot.json'))).toBe(false)
  })

  it('BAK-01: under a genuine seal, what is not what the manifest says is refused', async () => {
    const members = await membersIn(await plainOf(made))
    const place = computer('spliced')
    const with_ = async (change: (all: (Member & { body: Buffer })[]) => (Member & { body: Buffer })[]): Promise<string> =>
      code(place.backup.verify(await sealed('spliced.age', archive(change(members.map((member) => ({ ...member }))))), { identity }))
    const other = { path: 'state/other', kind: 'file' as const, mode: 0o600, bytes: 1, to: '', body: Buffer.from('x') }
    expect(await with_((all) => all)).toBe('it should have failed')
    expect(await with_((all) => all.map((member) => (member.path === 'state/secrets.env' ? { ...member, body: Buffer.from('A_KEY=plain-canarz\n') } : member)))).toBe('backup-damaged')
    expect(await with_((all) => all.map((member) => (member.path === 'state/secrets.env' ? { ...member, path: 'state/secrets.bak' } : member)))).toBe('backup-damaged')
    expect(await with_((all) => all.filter(({ path }) => path !== 'state/secrets.env'))).toBe('backup-damaged')
    expect(await with_((all) => [other, ...all])).toBe('backup-refused')
    expect(await with_((all) => [...all, other])).toBe('backup-refused')
    expect(await with_((all) => all.filter(({ path }) => path !== 'manifest.json'))).toBe('backup-damaged')
  })

  it('BAK-01 twin: without the comparison a changed member would be taken', async () => {
    const members = await membersIn(await plainOf(made))
    const changed = members.map((member) => (member.path === 'state/secrets.env' ? { ...member, body: Buffer.from('A_KEY=another-key\n') } : member))
    expect((await membersIn(archive(changed))).find(({ path }) => path === 'state/secrets.env')?.body.toString()).toBe('A_KEY=another-key\n')
  })
})

describe('BAK-02 older ones', () => {
  it('BAK-02: refused unless accepted; then the record says so, and nobody is signed in who was signed out since', async () => {
    const place = computer('older')
    await furnish(place)
    const signIn = (id: string) => withStore(place, (store) => store.transaction((tx) => tx.run("INSERT INTO door_state (name, value) VALUES (?, 1)", id)))
    await signIn('kept')
    const file = join(home, 'older.age')
    await place.backup.create(file, { recipients: [recipient] }, { key: true })
    await remember(place, 'second')
    expect(await code(place.backup.restore(file, { identity }, { acceptOlder: false }))).toBe('backup-older')
    expect(await remembered(place)).toEqual(['first', 'second'])
    const { aside, notes } = await place.backup.restore(file, { identity }, { acceptOlder: true })
    expect([await remembered(place), existsSync(join(aside ?? '', 'sessions', 'moltbot.db')), notes.join()]).toEqual([['first'], true, expect.stringContaining('signed out')])
    const told = await withStore(place, (store) => store.read.all("SELECT reason FROM audit WHERE act = 'backup.restored'"))
    expect(told).toEqual([{ reason: 'the owner put an older copy back' }])
    const signedIn = await withStore(place, async (store) => Number((await store.read.get('SELECT (SELECT COUNT(*) FROM browser_sessions) + (SELECT COUNT(*) FROM device_tokens) AS n'))?.['n']))
    expect(signedIn).toBe(0)
  })

  it('BAK-02: also where only the vault is older, and no state is left to compare with', async () => {
    const place = computer('older-vault')
    await furnish(place)
    const file = join(home, 'older-vault.age')
    await place.backup.create(file, { recipients: [recipient] }, { key: true })
    await (await vaultOf(place)).set('TOKEN', 'changed-since')
    rmSync(place.stateDir, { recursive: true })
    expect(await code(place.backup.restore(file, { identity }, { acceptOlder: false }))).toBe('backup-older')
    await place.backup.restore(file, { identity }, { acceptOlder: true })
    expect((await vaultOf(place)).get('TOKEN')?.open('test')).toBe('sealed-canary')
  })
})

describe('BAK-03 hostile ones under the right key', () => {
  const file = (path: string, body = 'x'): Member & { body: Buffer } => ({ path, kind: 'file', mode: 0o600, bytes: 0, to: '', body: Buffer.from(body) })
  const link = (path: string, to: string): Member & { body: Buffer } => ({ path, kind: 'link', mode: 0o777, bytes: 0, to, body: Buffer.alloc(0) })
  it.each<[string, (Member & { body: Buffer })[]]>([
    ['a step up', [file('state/../../out')]], ['an absolute name', [file('/etc/out')]], ['a step to itself', [file('state/./x')]], ['an empty step', [file('state//x')]], ['a backslash', [file('state/a\\..\\out')]],
    ['a NUL', [file('state/a\u0001b')]], ['another root', [file('home/out')]], ['the same twice', [file('state/a'), file('state/a', 'y')]], ['a file under a file', [file('state/a'), file('state/a/b')]],
    ['a link away', [link('state/w/l', '/etc')]], ['a link up', [link('state/w/l', '../../..')]], ['a file through a link', [link('state/w/l', 'd'), file('state/w/l/x')]], ['a link over a file', [file('state/w/l'), link('state/w/l', 'd')]],
    ['a very deep one', [file(`state/${'d/'.repeat(80)}x`)]], ['a link in the root', [link('state/moltbot.json', 'elsewhere')]],
  ])('BAK-03: %s is refused, and nothing is written anywhere', async (what, members) => {
    const place = computer(`hostile ${what.replaceAll(/\W/g, '-')}`)
    const manifest: BackupManifest = { format: 'moltbot-backup-1', madeAt: 0, version: '1', from: '/', steps: [], recorded: 0, vaultGeneration: 0, files: [] }
    const hostile = await sealed('hostile.age', archive([...members, file('manifest.json', JSON.stringify(manifest))]))
    expect(await code(place.backup.restore(hostile, { identity }, { acceptOlder: true }))).toBe('backup-refused')
    expect(readdirSync(join(home, `hostile ${what.replaceAll(/\W/g, '-')}`)).filter((name) => name !== 'state')).toEqual([])
    expect(existsSync(join(home, 'out')) || existsSync('/etc/out')).toBe(false)
  })

  it('BAK-03: devices, hard links, and sizes that are absurd are refused, and a size is never believed in memory', async () => {
    const place = computer('kinds')
    const retyped = (type: string): Buffer => {
      const header = headerOf({ path: 'state/x', kind: 'file', mode: 0o600, bytes: 0, to: '' })
      header.write(type, 156)
      header.fill(' ', 148, 156)
      header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
      return Buffer.concat([header, archiveEnd])
    }
    for (const type of ['1', '3', '4', '6', 'L', 'g']) expect(await code(place.backup.verify(await sealed('kind.age', retyped(type)), { identity }))).toBe('backup-refused')
    const absurd = Buffer.concat([headerOf({ path: 'state/x', kind: 'file', mode: 0o600, bytes: 8 ** 13, to: '' }), archiveEnd])
    expect(await code(place.backup.verify(await sealed('absurd.age', absurd), { identity }))).toBe('backup-refused')
    const large = Buffer.concat([headerOf({ path: 'state/x', kind: 'file', mode: 0o600, bytes: 1024 ** 3, to: '' }), archiveEnd])
    expect(await code(place.backup.verify(await sealed('large.age', large), { identity }))).toBe('backup-damaged')
  })
})

describe('PTH-10 names in backups', () => {
  it('PTH-10: names that no archive holds stay out and are told, all others come back', async () => {
    const place = computer('names')
    const folder = join(place.stateDir, 'workspace')
    mkdirSync(folder, { recursive: true })
    for (const name of ['a\nb', 'c\\d', '..e', '-rf', 'CON', 'é', 'e\u0301', ' ', '%2e%2e', 'gpj.exe\u202E']) writeFileSync(join(folder, name), name)
    const file = join(home, 'names.age')
    const { left } = await place.backup.create(file, { recipients: [recipient] }, { key: true })
    expect(left).toHaveLength(2)
    const other = computer('names-back')
    await other.backup.restore(file, { identity }, { acceptOlder: false })
    expect(readdirSync(join(other.stateDir, 'workspace')).sort()).toEqual(readdirSync(folder).filter((name) => !/[\n\\]/.test(name)).sort())
  })
})

describe('BAK-04 wrong passphrases', () => {
  it('BAK-04: one answer to all of them, short ones are not taken, and no file makes us work for minutes', async () => {
    const file = join(home, 'words.age')
    for (const weak of ['', 'short', 'two lines of\nwords enough']) expect(await code(first.backup.create(file, { passphrase: weak }, { key: true }))).toBe('backup-target')
    expect(await code(first.backup.create(file, { recipients: ['age1nobody'] }, { key: true }))).toBe('backup-target')
    expect(await code(first.backup.create(file, { recipients: [] }, { key: true }))).toBe('backup-target')
    expect(existsSync(file)).toBe(false)
    for (const nothing of [file, home]) expect(await code(first.backup.verify(nothing, { passphrase }))).toBe('backup-unreadable')
    await first.backup.create(file, { passphrase }, { key: true })
    const place = computer('words')
    for (const wrong of ['', 'x', `${passphrase} `]) expect(await code(place.backup.verify(file, { passphrase: wrong }))).toBe('backup-unopened')
    expect(await code(place.backup.verify(file, { identity }))).toBe('backup-unopened')
    expect((await place.backup.verify(file, { passphrase })).database).toBe('ok')
    const costly = join(home, 'costly.age')
    writeFileSync(costly, readFileSync(file, 'latin1').replace(/^(-> scrypt \S+) \d+$/m, '$1 30'), 'latin1')
    expect(await code(place.backup.verify(costly, { passphrase }))).toBe('backup-refused')
  })
})

describe('BAK-06 modes', () => {
  it('BAK-06: the file, what it is made of and what comes back are for one pair of eyes, whatever the umask, and no plain copy stays', async () => {
    const mask = process.umask(0)
    try {
      const file = join(home, 'modes.age')
      chmodSync(join(first.stateDir, 'workspace', 'run.sh'), 0o777)
      await first.backup.create(file, { recipients: [recipient] }, { key: true })
      expect([statSync(file).mode & 0o777, readdirSync(home).filter((name) => name.endsWith('.partial'))]).toEqual([0o600, []])
      expect(readFileSync(file).includes('plain-canary')).toBe(false)
      expect(readdirSync(join(first.stateDir, 'backups'))).toEqual([])
      const place = computer('modes')
      await place.backup.restore(file, { identity }, { acceptOlder: false })
      const modes = ['', 'moltbot.json', 'sessions', 'sessions/moltbot.db', 'workspace/run.sh', 'workspace/deep'].map((path) => (statSync(join(place.stateDir, path)).mode & 0o777).toString(8))
      expect(modes).toEqual(['700', '600', '700', '600', '700', '700'])
      expect(statSync(keyFile(place)).mode & 0o777).toBe(0o600)
    } finally {
      process.umask(mask)
    }
    const taken = join(home, 'taken.age')
    writeFileSync(taken, 'mine')
    expect([await code(first.backup.create(taken, { recipients: [recipient] }, { key: true })), readFileSync(taken, 'utf8')]).toEqual(['backup-exists', 'mine'])
  })
})

describe('BAK-07 onto a running gateway', () => {
  it('BAK-07: the lock refuses, and everything stays', async () => {
    const place = computer('running')
    await furnish(place)
    const unlock = await lockStateDirectory(join(place.stateDir, 'sessions', 'gateway.lock'))
    try {
      expect(await code(place.backup.restore(made, { identity }, { acceptOlder: true }))).toBe('store-locked')
      expect(readdirSync(join(home, 'running')).filter((name) => name.startsWith('state.'))).toEqual([])
    } finally {
      unlock()
    }
    expect(await remembered(place)).toEqual(['first'])
  })

  it('BAK-07: what cannot take its place leaves what stood there, and the key that stood there', async () => {
    const place = computer('half')
    await furnish(place)
    const before = readFileSync(keyFile(place), 'utf8')
    const plain = await membersIn(await plainOf(made))
    const torn = plain.find(({ path }) => path === 'state/sessions/moltbot.db')
    torn?.body.fill(0x55, 4_096, 40_000)
    const manifest = plain.find(({ path }) => path === 'manifest.json') as Member & { body: Buffer }
    const told = JSON.parse(manifest.body.toString()) as BackupManifest
    const { createHash } = await import('node:crypto')
    manifest.body = Buffer.from(JSON.stringify({ ...told, recorded: 99, vaultGeneration: 99, files: told.files.map((each) => (each.path.endsWith('moltbot.db') ? { ...each, sha256: createHash('sha256').update(torn?.body ?? '').digest('hex') } : each)) }))
    const file = await sealed('torn.age', archive(plain))
    expect(await code(place.backup.restore(file, { identity }, { acceptOlder: true }))).not.toBe('it should have failed')
    expect([await remembered(place), readFileSync(keyFile(place), 'utf8') === before]).toEqual([['first'], true])
    expect(readdirSync(join(home, 'half')).filter((name) => name.startsWith('state.'))).toEqual([])
  })
})

describe('BAK-08 with the recovery key', () => {
  it('BAK-08: one of several recipients, kept in a drawer, brings everything back on a computer that knows nothing', async () => {
    const drawer = await generateIdentity()
    const file = join(home, 'drawer.age')
    await first.backup.create(file, { recipients: [recipient, await identityToRecipient(drawer)] }, { key: true })
    copyFileSync(file, join(home, 'carried.age'))
    const place = computer('recovered')
    await place.backup.restore(join(home, 'carried.age'), { identity: drawer }, { acceptOlder: false })
    expect((await vaultOf(place)).get('TOKEN')?.open('test')).toBe('sealed-canary')
  })

  it('BAK-08: whoever was taken out of the recipients opens nothing that is made afterwards, and what was made before still opens', async () => {
    const gone = await generateIdentity()
    const [before, after] = [join(home, 'with-both.age'), join(home, 'with-one.age')]
    await first.backup.create(before, { recipients: [recipient, await identityToRecipient(gone)] }, { key: true })
    await first.backup.create(after, { recipients: [recipient] }, { key: true })
    expect(await code(computer('gone-after').backup.restore(after, { identity: gone }, { acceptOlder: false }))).toMatch(/^backup-/)
    expect(existsSync(join(home, 'gone-after', 'state', 'sessions', 'moltbot.db'))).toBe(false)
    await computer('gone-before').backup.restore(before, { identity: gone }, { acceptOlder: false })
    await computer('kept-after').backup.restore(after, { identity }, { acceptOlder: false })
  })

  it('BAK-08: without the vault\'s key in it, the secrets stay closed and everything else is there', async () => {
    const file = join(home, 'keyless.age')
    expect((await first.backup.create(file, { recipients: [recipient] }, { key: false })).withKey).toBe(false)
    const place = computer('keyless')
    const { notes } = await place.backup.restore(file, { identity }, { acceptOlder: false })
    expect(notes.join(' ')).toContain('The vault stays closed')
    expect([existsSync(keyFile(place)), await remembered(place)]).toEqual([false, ['first']])
  })
})
