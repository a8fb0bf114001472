import { randomBytes } from 'node:crypto'
import { Problem, Secret } from '@moltbot/contract'
import { FakeClock, countingIds } from '@moltbot/contract/testing'
import { describe, expect, it } from 'vitest'
import { openStore } from '../foundation/storage/index.ts'
import { createBrowserSessions } from './browser-sessions.ts'
import { createCredentialSource } from './credentials.ts'
import { doorDeviceBrowsersMigration, doorIdentityMigration, doorMigration } from './migrations.ts'
import { createPasswords } from './password.ts'

const source = (values: { token?: string; password?: string; mode?: 'token' | 'password' }) => createCredentialSource({
  token: async () => (values.token === undefined ? undefined : new Secret('token', values.token)),
  password: async () => (values.password === undefined ? undefined : new Secret('password', values.password)),
  passwordHash: async () => undefined, passwords: createPasswords(), mode: () => values.mode ?? 'token',
  random: randomBytes,
})

describe('the shared secret', () => {
  it('opens with the mode\'s secret only, and with nothing when none is set', async () => {
    const both = await source({ token: 'T', password: 'P' }).current()
    expect(await Promise.all([both.matches('T', 'mode'), both.matches('P', 'mode'), both.matches('P', 'either'), both.matches('', 'either'), both.matches('t', 'mode')])).toEqual([true, false, true, false, false])
    const none = await source({}).current()
    expect([none.configured, await none.matches('', 'mode'), await none.matches('undefined', 'either')]).toEqual([false, false, false])
    expect((await source({ password: 'P' }).current()).mode).toBe('password')
  })

  it('takes no word from an example for a secret', async () => {
    for (const word of ['undefined', 'null', 'changeme', 'your-token-here', '<token>']) {
      const now = await source({ token: word }).current()
      expect([word, now.configured, now.placeholder, await now.matches(word, 'either')]).toEqual([word, false, true, false])
    }
  })

  it('knows a password by its argon2id hash alone, in any way of writing its letters', async () => {
    const hash = await createPasswords().hash('gr\u00fcn und lang genug')
    const kept = createCredentialSource({ token: async () => undefined, password: async () => undefined, passwordHash: async () => new Secret('hash', hash), passwords: createPasswords(), mode: () => 'token', random: randomBytes })
    const now = await kept.current()
    expect(hash).toMatch(/^\$argon2id\$/)
    expect([now.mode, now.configured, now.weak]).toEqual(['password', true, false])
    expect(await Promise.all(['gr\u00fcn und lang genug', 'gru\u0308n und lang genug', 'grun und lang genug', hash, '', 'a'.repeat(2_000)].map((word) => now.matches(word, 'mode')))).toEqual([true, true, false, false, false, false])
  })

  it('is known to have changed at the next look, once', async () => {
    const values = { token: 'one' }
    const credentials = source(values)
    const versions: number[] = []
    credentials.onRotate((now) => versions.push(now.version))
    await credentials.current()
    await credentials.current()
    values.token = 'two'
    await Promise.all([credentials.current(), credentials.current()])
    expect(versions).toEqual([2])
  })

  it('stays as it was known while the vault is locked, and what was never known opens nothing', async () => {
    let locked = false
    const sealed = (value: string | undefined) => async (): Promise<Secret | undefined> => {
      if (locked) throw new Problem('vault-locked', 'The vault is locked.')
      return value === undefined ? undefined : new Secret('sealed', value)
    }
    const kept = createCredentialSource({ token: sealed('T'), password: sealed(undefined), passwordHash: sealed(undefined), passwords: createPasswords(), mode: () => 'token', random: randomBytes })
    const before = await kept.current()
    let rotations = 0
    kept.onRotate(() => (rotations += 1))
    locked = true
    const now = await kept.current()
    expect([now.version === before.version, rotations, await now.matches('T', 'mode'), await now.matches('', 'mode'), await now.matches('', 'either')]).toEqual([true, 0, true, false, false])
    // From the start on: neither the sealed token nor a password that was not chosen.
    const fresh = await createCredentialSource({ token: sealed('T'), password: async () => new Secret('password', 'P'), passwordHash: sealed(undefined), passwords: createPasswords(), mode: () => 'token', random: randomBytes }).current()
    expect([fresh.mode, fresh.configured, await fresh.matches('T', 'mode'), await fresh.matches('P', 'mode'), await fresh.matches('', 'mode')]).toEqual(['token', false, false, false, false])
  })

  it('twin: any other fault of a look is told, and lets nobody in', async () => {
    const broken = createCredentialSource({ token: async () => Promise.reject(new Error('the disk is gone')), password: async () => undefined, passwordHash: async () => undefined, passwords: createPasswords(), mode: () => 'token', random: randomBytes })
    await expect(broken.current()).rejects.toThrow('the disk is gone')
  })

  it('never seems to change back because one look was slow', async () => {
    let value = 'one'
    const delays = [20, 0]
    const credentials = createCredentialSource({
      token: async () => {
        const now = new Secret('token', value)
        await new Promise((resolve) => setTimeout(resolve, delays.shift() ?? 0))
        return now
      },
      password: async () => undefined, passwordHash: async () => undefined, passwords: createPasswords(), mode: () => 'token', random: randomBytes,
    })
    await credentials.current()
    let rotations = 0
    credentials.onRotate(() => (rotations += 1))
    delays.push(20, 0)
    const slow = credentials.current()
    value = 'two'
    const quick = credentials.current()
    await Promise.all([slow, quick])
    expect([rotations, await (await credentials.current()).matches('two', 'mode')]).toEqual([1, true])
  })
})

describe('signed-in browsers', () => {
  it('stay until idle or old, and not one moment after the secret changed, even when nobody was running', async () => {
    const clock = new FakeClock()
    const store = await openStore({ file: ':memory:', migrations: [doorMigration, doorIdentityMigration, doorDeviceBrowsersMigration] })
    const sessions = createBrowserSessions({ store, clock, newId: countingIds(), random: randomBytes, floor: { key: randomBytes(32), raise: async () => undefined } })
    const facts = { userAgent: 'Mozilla/5.0 Chrome/120.0', address: null, via: 'secret' }
    const now = await source({ token: 'one' }).current()
    const hour = 3_600_000
    const { cookie } = await sessions.create(now, 12 * hour, facts)
    for (let passed = 0; passed < 11; passed++) {
      await clock.advance(hour - 1)
      expect(await sessions.find(cookie, now, hour, facts)).toMatchObject({ principal: 'owner' })
    }
    // A new process has a new key of its own, but the same secret.
    expect(await sessions.find(cookie, await source({ token: 'one' }).current(), hour, facts)).toBeDefined()
    expect(await sessions.find(cookie, await source({ token: 'two' }).current(), hour, facts)).toBeUndefined()
    await clock.advance(hour + 11)
    expect(await sessions.find(cookie, now, hour * 24, facts)).toBeUndefined()

    const other = await sessions.create(now, 12 * hour, facts)
    await clock.advance(hour + 1)
    expect(await sessions.find(other.cookie, now, hour, facts)).toBeUndefined()

    // A linked telephone is not signed out for lying in a pocket, but at its end, by its owner and with the secret.
    const day = 24 * hour
    const telephone = await sessions.create(now, 30 * day, facts, undefined, 'device')
    await clock.advance(29 * day)
    expect(await sessions.find(telephone.cookie, now, hour, facts)).toMatchObject({ id: telephone.session.id })
    expect(await sessions.find(telephone.cookie, await source({ token: 'two' }).current(), hour, facts)).toBeUndefined()
    expect((await sessions.list()).map(({ kind }) => kind)).toEqual(['device'])
    await clock.advance(day)
    expect(await sessions.find(telephone.cookie, now, hour, facts)).toBeUndefined()
    const another = await sessions.create(now, 30 * day, facts, undefined, 'device')
    expect(await sessions.end(another.session.id)).toBe(true)
    expect(await sessions.find(another.cookie, now, hour, facts)).toBeUndefined()
    await store.close()
  })

  it('of one kind are no other: a row that was made a device of opens nothing', async () => {
    const clock = new FakeClock()
    const store = await openStore({ file: ':memory:', migrations: [doorMigration, doorIdentityMigration, doorDeviceBrowsersMigration] })
    const sessions = createBrowserSessions({ store, clock, newId: countingIds(), random: randomBytes, floor: { key: randomBytes(32), raise: async () => undefined } })
    const facts = { userAgent: 'Mozilla/5.0 Chrome/120.0', address: null, via: 'secret' }
    const now = await source({ token: 'one' }).current()
    const { cookie } = await sessions.create(now, 3_600_000, facts)
    await store.transaction(async (tx) => void (await tx.run(`UPDATE browser_sessions SET kind = 'device'`)))
    expect(await sessions.find(cookie, now, 3_600_000, facts)).toBeUndefined()
    const { token } = await sessions.link()
    expect(await sessions.useLink(token.replace('once-', 'link-'))).toBe(false)
    await store.close()
  })
})
