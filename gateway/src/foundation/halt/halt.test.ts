import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret as Key, TOTP } from 'otpauth'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem, Secret, type ChatRef, type Principal, type Store } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { openStore } from '../storage/index.ts'
import { requestName } from './create-halt.ts'
import { createHalt, haltMigration, processesUnder, type Halt, type HaltActor, type HaltOptions } from './index.ts'

const owner: Principal = { id: 'owner' as never, role: 'owner' }
const member: Principal = { id: 'm1' as never, role: 'member' }
const here: HaltActor = { principal: owner.id, via: 'cli' }
const inChat: HaltActor = { principal: owner.id, via: 'chat' }
const chat = (id: string): ChatRef => ({ channel: 'fake' as never, account: 'default' as never, chat: id as never, kind: 'direct' })
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', (error: { code: string }) => error.code)

let stateDir: string
let clock: FakeClock
let store: Store
let secrets: Map<string, string>
let entries: string[]
let acts: string[]
let acting: HaltOptions['acts']
beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'moltbot-halt-'))
  clock = new FakeClock()
  store = await openStore({ file: ':memory:', migrations: [haltMigration] })
  secrets = new Map()
  entries = []
  acts = []
  const revoke = (what: string, count: number) => async (): Promise<number> => { acts.push(`revoke ${what}`); return count }
  acting = {
    hold: (kind) => void acts.push(`hold ${kind}`), release: () => void acts.push('release'),
    stopWork: async () => { acts.push('stop'); return { turns: 2, commands: 1 } },
    waiting: () => 3, forget: async () => { acts.push('forget'); return 3 },
    revoke: { browsers: revoke('browsers', 1), devices: revoke('devices', 2), grants: revoke('grants', 3), approvals: revoke('approvals', 4) },
    found: () => ({ 'running.json': () => { acts.push('look'); return '{"turns":2}' } }), foundAfter: () => ({ 'log-tail.txt': () => 'the end' }),
  }
})
afterEach(async () => {
  await store.close()
  rmSync(stateDir, { recursive: true, force: true })
})

const make = (more: Partial<HaltOptions> = {}): Promise<Halt> => {
  let byte = 0
  return createHalt({
    store, clock, stateDir, log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined } as never, label: 'here',
    random: (bytes) => Buffer.from(Array.from({ length: bytes }, () => (byte += 7) % 251)),
    vault: { get: (name) => (secrets.has(name) ? new Secret(name, secrets.get(name) ?? '') : undefined), set: async (name, value) => void secrets.set(name, value), remove: async (name) => secrets.delete(name) },
    record: async (_tx, entry) => void entries.push(`${entry.act} ${entry.outcome}`), acts: acting, ...more,
  })
}
const told = (halt: Halt, place: string, who = owner): Promise<string | undefined> => store.transaction((tx) => halt.noteFor(tx, chat(place), who))
const localCode = (): string => readFileSync(join(stateDir, 'resume-code'), 'utf8').trim()

describe('a pause', () => {
  it('holds at once, is written down, and holds over a restart until somebody resumes', async () => {
    const halt = await make()
    expect(halt.whenGoing(new AbortController().signal)).toBeUndefined()
    const pausing = halt.pause(here)
    expect(acts).toEqual(['hold paused'])
    await pausing
    await halt.pause(here)
    expect(entries).toEqual(['gateway.paused done'])

    const next = await make()
    await next.start()
    expect(next.state()).toMatchObject({ kind: 'paused', by: 'owner', via: 'cli' })
    const going = next.whenGoing(new AbortController().signal)
    expect(await next.resume(here, {})).toEqual({ was: 'paused', forgotten: 0 })
    await going
    expect((await make()).state()).toEqual({ kind: 'running' })
    expect(await next.resume(here, {})).toEqual({ was: 'running', forgotten: 0 })
  })
  it('that cannot be written down is none', async () => {
    const halt = await make({ record: async () => { throw new Error('disk full') } })
    await expect(halt.pause(here)).rejects.toThrow('disk full')
    expect(halt.state()).toEqual({ kind: 'running' })
    expect(acts).toEqual(['hold paused', 'release'])
  })
  it('tells each place once, and anew the next time', async () => {
    const halt = await make()
    expect(await told(halt, 'a')).toBeUndefined()
    await halt.pause(here)
    expect([await told(halt, 'a'), await told(halt, 'a'), await told(halt, 'b', member)]).toEqual([expect.stringContaining('/resume'), undefined, expect.not.stringContaining('/resume')])
    await halt.resume(here, { forget: true })
    expect(acts).toContain('forget')
    await halt.pause(here)
    expect(await told(halt, 'a')).toContain('paused')
  })
  it('lets go whoever waits and is stopped', async () => {
    const halt = await make()
    await halt.pause(here)
    const stopping = new AbortController()
    const going = halt.whenGoing(stopping.signal)
    stopping.abort()
    await going
    expect(halt.state().kind).toBe('paused')
  })
})

describe('a panic', () => {
  it('holds first, looks before it ends anything, takes every step and says what it did', async () => {
    const halt = await make()
    const report = await halt.panic(here)
    expect(acts[0]).toBe('hold panic')
    expect(acts.indexOf('look')).toBeLessThan(acts.indexOf('revoke browsers'))
    expect(acts).toEqual(expect.arrayContaining(['stop', 'revoke browsers', 'revoke devices', 'revoke grants', 'revoke approvals']))
    expect(report).toMatchObject({ again: false, turns: 2, commands: 1, waiting: 3, browsers: 1, devices: 2, grants: 3, approvals: 4, faults: [] })
    expect(report.files).toEqual(['README.md', 'log-tail.txt', 'running.json'])
    expect(statSync(report.incident).mode & 0o777).toBe(0o700)
    expect(statSync(join(report.incident, 'running.json')).mode & 0o777).toBe(0o600)
    expect(entries).toEqual(['panic.begun done', 'panic.done done'])
    expect(halt.state()).toMatchObject({ kind: 'panic', done: true })
    await expect(halt.pause(here)).rejects.toMatchObject({ code: 'halt-panic' })
  })
  it('takes the other steps when one fails or hangs, and says which', async () => {
    acting = { ...acting, stopWork: () => Promise.reject(new Error('it clings')), revoke: { ...acting.revoke, devices: () => new Promise<number>(() => undefined) } }
    const halt = await make()
    const panicking = halt.panic(here)
    await vi.waitFor(() => expect(acts).toContain('revoke approvals'), { timeout: 60_000 })
    await clock.advance(16_000)
    const report = await panicking
    expect(report.faults.map((fault) => fault.split(':')[0])).toEqual(['stopping what runs', 'taking back devices'])
    expect(report).toMatchObject({ turns: 0, browsers: 1, devices: 0, grants: 3 })
    expect(entries.at(-1)).toBe('panic.done failed')
  })
  it('without a store holds all the same, and the next start begins with it', async () => {
    const halt = await make({ store: { ...store, read: store.read, transaction: () => Promise.reject(new Error('disk gone')) } as unknown as Store })
    const report = await halt.panic(here)
    expect(report.faults.some((fault) => fault.includes('disk gone'))).toBe(true)
    expect(halt.state().kind).toBe('panic')
    expect(existsSync(join(stateDir, requestName))).toBe(true)
    const next = await make()
    await next.start()
    expect(next.state()).toMatchObject({ kind: 'panic', done: true, via: 'offline' })
    expect(existsSync(join(stateDir, requestName))).toBe(false)
  })
  it('goes through while the vault is locked, also at the next start, and no lesser code resumes it', async () => {
    let locked = false
    const key = new Key({ size: 20 })
    secrets.set('panic-authenticator', key.base32)
    const vault: HaltOptions['vault'] = {
      get(name) {
        if (locked) throw new Problem('vault-locked', 'The vault is locked.')
        return secrets.has(name) ? new Secret(name, secrets.get(name) ?? '') : undefined
      },
      set: async () => undefined, remove: async () => false,
    }
    const halt = await make({ vault })
    locked = true
    expect((await halt.panic(here)).faults).toEqual([])
    expect(entries).toEqual(['panic.begun done', 'panic.done done'])
    expect(readdirSync(join(stateDir, 'incidents')).flatMap((name) => readdirSync(join(stateDir, 'incidents', name)))).toContain('README.md')
    const next = await make({ vault })
    await next.start()
    writeFileSync(join(stateDir, 'resume-code'), 'ABCD-EFGH\n', { mode: 0o600 })
    expect(await codeOf(next.resume(here, { code: 'ABCD-EFGH' }))).toBe('vault-locked')
    expect(next.state().kind).toBe('panic')
    locked = false
    expect(await codeOf(next.resume(here, { code: 'ABCD-EFGH' }))).toBe('halt-code-wrong')
    expect(await codeOf(next.resume(here, { code: new TOTP({ secret: key }).generate({ timestamp: clock.now() }) }))).toBe('done')
  })

  it('that was not done is ended by the next start; one that is asked for twice is one', async () => {
    const halt = await make()
    const [one, two] = await Promise.all([halt.panic(here), halt.panic(here)])
    expect(one).toBe(two)
    await store.transaction((tx) => tx.run('UPDATE halt SET done = 0'))
    writeFileSync(join(one.incident, 'running.json'), 'as it was found')
    const next = await make()
    await next.start()
    expect(next.state()).toMatchObject({ kind: 'panic', done: true })
    // What was found first stays, and there is one folder.
    expect(readFileSync(join(one.incident, 'running.json'), 'utf8')).toBe('as it was found')
    expect(readdirSync(join(stateDir, 'incidents'))).toHaveLength(1)
  })
  it('is told to the owner alone', async () => {
    const halt = await make()
    const { incident } = await halt.panic(here)
    expect(await told(halt, 'b', member)).toBeUndefined()
    expect(await told(halt, 'a')).toContain(incident)
  })
})

describe('resuming after a panic', () => {
  it('needs the code of a private file, from the machine itself, and the code is good once', async () => {
    const halt = await make()
    await halt.panic(here)
    expect(statSync(join(stateDir, 'resume-code')).mode & 0o777).toBe(0o600)
    const code = localCode()
    expect(await codeOf(halt.resume(inChat, { code }))).toBe('halt-code-local')
    expect(await codeOf(halt.resume(here, {}))).toBe('halt-code-needed')
    expect(await codeOf(halt.resume(here, { code: 'AAAA-BBBB' }))).toBe('halt-code-wrong')
    expect(await halt.resume(here, { code: code.toLowerCase() })).toMatchObject({ was: 'panic' })
    expect(acts.at(-1)).toBe('release')
    await halt.panic(here)
    expect(await codeOf(halt.resume(here, { code }))).toBe('halt-code-wrong')
  })
  it('takes no code from a file that others could have put there', async () => {
    const halt = await make()
    await halt.panic(here)
    const file = join(stateDir, 'resume-code')
    const code = localCode()
    chmodSync(file, 0o644)
    expect(await codeOf(halt.resume(here, { code }))).toBe('halt-code-wrong')
    rmSync(file)
    writeFileSync(join(stateDir, 'theirs'), 'MINE-MINE', { mode: 0o600 })
    symlinkSync(join(stateDir, 'theirs'), file)
    expect(await codeOf(halt.resume(here, { code: 'MINE-MINE' }))).toBe('halt-code-wrong')
    expect(halt.state().kind).toBe('panic')
  })
  it('looks at no code for a while after five wrong ones, also when they come together or over a restart', async () => {
    const halt = await make()
    await halt.panic(here)
    const all = await Promise.all(Array.from({ length: 7 }, () => codeOf(halt.resume(here, { code: 'WRONG' }))))
    expect(all).toEqual([...Array.from({ length: 5 }, () => 'halt-code-wrong'), 'halt-code-locked', 'halt-code-locked'])
    expect(entries.filter((entry) => entry === 'panic.code-refused deny')).toHaveLength(5)
    const next = await make()
    await next.start()
    expect(await codeOf(next.resume(here, { code: localCode() }))).toBe('halt-code-locked')
    await clock.advance(16 * 60_000)
    expect(await codeOf(next.resume(here, { code: localCode() }))).toBe('done')
  })
  it('with an authenticator takes its code once, from anywhere, and the recovery word when it is lost', async () => {
    const halt = await make()
    await halt.panic(here)
    await halt.resume(here, { code: localCode() })
    expect(await codeOf(halt.enroll(here, undefined))).toBe('halt-code-needed')
    const { secret, recovery, uri } = await halt.enroll(here, localCode())
    expect(uri).toMatch(/^otpauth:\/\/totp\//)
    expect(await halt.challenge()).toEqual({ factor: 'totp' })
    const now = (): string => new TOTP({ secret: Key.fromBase32(secret) }).generate({ timestamp: clock.now() })
    await halt.panic(here)
    const code = now()
    expect(await codeOf(halt.resume(inChat, { code }))).toBe('done')
    await halt.panic(here)
    expect(await codeOf(halt.resume(inChat, { code }))).toBe('halt-code-wrong')
    await clock.advance(61_000)
    expect(await codeOf(halt.resume(inChat, { code: now() }))).toBe('done')
    await halt.panic(here)
    expect(await codeOf(halt.resume(inChat, { code: recovery }))).toBe('done')
    expect(await halt.challenge()).toMatchObject({ factor: 'local' })
    expect(await codeOf(halt.unenroll(here, localCode()))).toBe('halt-not-enrolled')
  })
  it('a new authenticator counts after its first code, and until then the factor from before does', async () => {
    const halt = await make()
    expect(halt.factor()).toBe('local')
    expect(existsSync(join(stateDir, 'resume-code'))).toBe(false)
    expect(await codeOf(halt.confirm(here, '123456'))).toBe('halt-enroll-over')
    await halt.challenge()
    const { secret } = await halt.enroll(here, localCode(), { confirm: true })
    const now = (): string => new TOTP({ secret: Key.fromBase32(secret) }).generate({ timestamp: clock.now() })
    expect([halt.factor(), secrets.size, entries]).toEqual(['local', 0, []])
    expect(await codeOf(halt.confirm({ principal: member.id, via: 'web' }, now()))).toBe('halt-enroll-over')
    expect(await codeOf(halt.confirm(here, now() === '000000' ? '111111' : '000000'))).toBe('halt-code-wrong')
    const first = now()
    await halt.confirm(here, ` ${first.slice(0, 3)} ${first.slice(3)} `)
    expect([halt.factor(), entries]).toEqual(['totp', ['panic.enrolled done']])
    expect(await codeOf(halt.confirm(here, first))).toBe('halt-enroll-over')
    // The code that proved it is no second factor any more.
    expect(await codeOf(halt.unenroll(here, first))).toBe('halt-code-wrong')
    await clock.advance(61_000)
    expect(await codeOf(halt.unenroll(here, now()))).toBe('done')
  })
  it('a new authenticator waits for its first code for ten minutes and five attempts', async () => {
    const halt = await make()
    await halt.challenge()
    const { secret } = await halt.enroll(here, localCode(), { confirm: true })
    const now = (of = secret): string => new TOTP({ secret: Key.fromBase32(of) }).generate({ timestamp: clock.now() })
    await clock.advance(10 * 60_000)
    expect(await codeOf(halt.confirm(here, now()))).toBe('halt-enroll-over')
    await halt.challenge()
    const next = await halt.enroll(here, localCode(), { confirm: true })
    for (let count = 0; count < 5; count += 1) expect(await codeOf(halt.confirm(here, 'WRONG'))).toBe('halt-code-wrong')
    expect(await codeOf(halt.confirm(here, now(next.secret)))).toBe('halt-enroll-over')
    expect(halt.factor()).toBe('local')
  })
  it('a panic that comes while it is resumed stays', async () => {
    const halt = await make()
    await halt.pause(here)
    const resuming = halt.resume(here, {})
    const panicking = halt.panic(here)
    await Promise.all([resuming, panicking])
    expect(halt.state().kind).toBe('panic')
    expect(acts).not.toContain('release')
  })
})

// Other systems show no processes this way; there the list is empty.
it.skipIf(!existsSync('/proc'))('the processes under this one are found, and no others', async () => {
  const found = JSON.stringify(await processesUnder(process.pid))
  expect(found).toContain(String(process.pid))
})
