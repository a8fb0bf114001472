import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { createVault } from './index.ts'
import type { Vault } from './index.ts'

let root: string
let stateDir: string
let keyFile: string
let file: string
let heard: string[]
const clock = new FakeClock()

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vault-test-'))
  stateDir = join(root, 'state')
  mkdirSync(stateDir)
  keyFile = join(root, 'keys', 'vault.key')
  file = join(stateDir, 'credentials', 'vault.json')
  heard = []
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

const open = (): Promise<Vault> => createVault({ stateDir, keyFile, clock, onSecret: (value) => heard.push(value) })
const value = (vault: Vault, name: string): string | undefined => vault.get(name)?.open('test')

async function problemOf(work: () => unknown): Promise<Problem> {
  try {
    await work()
  } catch (error) {
    return error as Problem
  }
  return expect.unreachable('it should have failed')
}

interface Stored { keyId: string; secrets: Record<string, { version: number; createdAt: number; changedAt: number; nonce: string; sealed: string }> }
function edit(change: (stored: Stored) => void): void {
  const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored
  change(stored)
  writeFileSync(file, JSON.stringify(stored))
}

test('what is sealed comes back, also after a restart, and stands nowhere in the clear', async () => {
  const vault = await open()
  expect(vault.list()).toEqual([])
  expect(vault.get('anything')).toBeUndefined()
  await vault.set('channels.x.botToken', 'canary-value-ü-1')
  await clock.advance(5000)
  await vault.set('another', 'canary-value-2')
  await vault.set('another', 'canary-value-3')
  await clock.advance(1000)

  const again = await open()
  expect(value(again, 'channels.x.botToken')).toBe('canary-value-ü-1')
  expect(value(again, 'another')).toBe('canary-value-3')
  expect(again.list()).toMatchObject([{ name: 'another', version: 2, ageMs: 1000 }, { name: 'channels.x.botToken', version: 1, ageMs: 6000 }])
  expect(String(again.get('another'))).toBe('[secret another]')
  expect(readFileSync(file, 'utf8') + readFileSync(keyFile, 'utf8')).not.toContain('canary')
  expect(heard).toContain('canary-value-3')

  expect(await again.remove('another')).toBe(true)
  expect(await again.remove('another')).toBe(false)
  expect(vault.get('another')).toBeUndefined()
})

test('file and key are 600, folders 700, nothing is left lying about', async () => {
  mkdirSync(join(stateDir, 'credentials'), { mode: 0o755 })
  await (await open()).set('a', 'value')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(keyFile).mode & 0o777).toBe(0o600)
  expect(statSync(join(stateDir, 'credentials')).mode & 0o777).toBe(0o700)
  expect(statSync(join(root, 'keys')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(stateDir, 'credentials'))).toEqual(['vault.json'])
})

describe('the key', () => {
  test('others may not be able to read it; the words say what to run', async () => {
    await (await open()).set('a', 'value')
    chmodSync(keyFile, 0o640)
    expect(await problemOf(open)).toMatchObject({ code: 'vault-key-permissions', next: `Run: chmod 600 ${keyFile}` })
  })

  test('is never made anew while something is sealed', async () => {
    await (await open()).set('a', 'value')
    rmSync(keyFile)
    expect((await problemOf(open)).code).toBe('vault-key-missing')
    expect(existsSync(keyFile)).toBe(false)
  })

  test('another one opens nothing', async () => {
    await (await open()).set('a', 'value')
    rmSync(keyFile)
    const other = await createVault({ stateDir: join(root, 'elsewhere'), keyFile, clock })
    await other.set('b', 'x')
    expect((await problemOf(open)).code).toBe('vault-key-wrong')
  })

  test('may not lie in the state directory, also not by way of a link', async () => {
    expect((await problemOf(() => createVault({ stateDir, keyFile: join(stateDir, 'vault.key'), clock }))).code).toBe('vault-key-place')
    symlinkSync(stateDir, join(root, 'link'))
    expect((await problemOf(() => createVault({ stateDir, keyFile: join(root, 'link', 'deep', 'vault.key'), clock }))).code).toBe('vault-key-place')
  })

  test('what is no key is not taken for one', async () => {
    mkdirSync(join(root, 'keys'))
    writeFileSync(keyFile, 'hello', { mode: 0o600 })
    expect((await problemOf(open)).code).toBe('vault-key-invalid')
  })
})

describe('tampering', () => {
  beforeEach(async () => {
    const vault = await open()
    await vault.set('first', 'value-one')
    await vault.set('second', 'value-two')
  })

  test.each<[string, (stored: Stored) => void]>([
    ['two envelopes swapped', ({ secrets }) => {
      const first = secrets['first']
      if (first !== undefined && secrets['second'] !== undefined) [secrets['first'], secrets['second']] = [secrets['second'], first]
    }],
    ['one byte flipped', ({ secrets }) => {
      const envelope = secrets['first']
      if (envelope === undefined) return
      const bytes = Buffer.from(envelope.sealed, 'base64')
      bytes[3] = (bytes[3] ?? 0) ^ 1
      envelope.sealed = bytes.toString('base64')
    }],
    ['a newer version pretended', ({ secrets }) => { if (secrets['first'] !== undefined) secrets['first'].version = 9 }],
    ['another age pretended', ({ secrets }) => { if (secrets['first'] !== undefined) secrets['first'].changedAt += 1 }],
    ['the tag cut short', ({ secrets }) => { if (secrets['first'] !== undefined) secrets['first'].sealed = secrets['first'].sealed.slice(0, 16) }],
  ])('%s: nothing is handed out, also by a vault that is open', async (_what, change) => {
    const vault = await open()
    expect(value(vault, 'first')).toBe('value-one')
    edit(change)
    expect(await problemOf(() => vault.get('first'))).toMatchObject({ code: 'vault-tampered' })
    expect((await problemOf(async () => (await open()).get('first'))).message).not.toContain('value-one')
  })

  test('a damaged secret can be removed and the others still open', async () => {
    edit(({ secrets }) => { if (secrets['first'] !== undefined) secrets['first'].version = 9 })
    const vault = await open()
    expect(value(vault, 'second')).toBe('value-two')
    expect(await vault.remove('first')).toBe(true)
  })

  test('what is no vault is refused, not overwritten', async () => {
    writeFileSync(file, '{"format": "moltbot-vault", "formatVersion": 3}')
    expect((await problemOf(open)).code).toBe('vault-damaged')
    writeFileSync(file, 'not json')
    expect((await problemOf(open)).code).toBe('vault-damaged')
    expect(readFileSync(file, 'utf8')).toBe('not json')
  })

  test('a link in the place of the vault is not followed', async () => {
    const target = join(root, 'copy.json')
    writeFileSync(target, readFileSync(file))
    rmSync(file)
    symlinkSync(target, file)
    expect((await problemOf(open)).code).toBe('vault-not-a-file')
  })
})

test('names and values have limits', async () => {
  const vault = await open()
  for (const name of ['', '../x', '__proto__', 'a b', 'x'.repeat(201)]) await expect(vault.set(name, 'value')).rejects.toMatchObject({ code: 'vault-name-invalid' })
  await expect(vault.set('a', '')).rejects.toMatchObject({ code: 'vault-value-invalid' })
  await expect(vault.set('a', 'x'.repeat(65_537))).rejects.toMatchObject({ code: 'vault-value-invalid' })
  expect(vault.get('__proto__')).toBeUndefined()
})
