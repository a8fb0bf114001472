import { createHash, randomBytes } from 'node:crypto'
import { Secret, type Scope } from '@moltbot/contract'
import { countingIds, FakeClock } from '@moltbot/contract/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openStore } from '../foundation/storage/index.ts'
import { createCredentialSource, type Credentials } from './credentials.ts'
import { createDevices, type DeviceStore } from './devices.ts'
import { doorMigration } from './migrations.ts'
import { createPasswords } from './password.ts'
import { covers, coversAll, operatorScopes } from './scopes.ts'

const credentialsOf = (token: string): Promise<Credentials> =>
  createCredentialSource({ token: async () => new Secret('token', token), password: async () => undefined, passwordHash: async () => undefined, passwords: createPasswords(), mode: () => 'token', random: randomBytes }).current()

async function make(): Promise<{ devices: DeviceStore; clock: FakeClock; close: () => Promise<void> }> {
  const clock = new FakeClock()
  const store = await openStore({ file: ':memory:', migrations: [doorMigration] })
  return { devices: createDevices({ store, clock, newId: countingIds(), random: randomBytes, floor: { key: randomBytes(32), raise: async () => undefined } }), clock, close: () => store.close() }
}
const facts = (name: string) => ({ deviceId: createHash('sha256').update(name).digest('hex'), publicKey: name, clientId: 'cli', clientMode: 'cli', displayName: name })

describe('pairing', () => {
  it('approves exactly what was asked, once, and not more than the approver holds', async () => {
    const { devices, close } = await make()
    const request = await devices.ask(facts('a'), 'operator', ['operator.admin'])
    expect((await devices.ask(facts('a'), 'operator', ['operator.admin'])).requestId).toBe(request.requestId)
    await expect(devices.approve(request.requestId, ['operator.pairing'])).rejects.toMatchObject({ code: 'device-scope-exceeds' })
    expect(await devices.pending()).toHaveLength(1)
    expect((await devices.approve(request.requestId, ['operator.admin'])).device).toMatchObject({ scopes: ['operator.admin'], approvedVia: 'person' })
    await expect(devices.approve(request.requestId, ['operator.admin'])).rejects.toMatchObject({ message: 'unknown requestId' })
    await close()
  })

  it('forgets a request after five minutes, and replaces it when the wish changes', async () => {
    const { devices, clock, close } = await make()
    const small = await devices.ask(facts('a'), 'operator', ['operator.read'])
    const large = await devices.ask(facts('a'), 'operator', ['operator.admin'])
    await expect(devices.approve(small.requestId, ['operator.admin'])).rejects.toMatchObject({ code: 'device-request-unknown' })
    await clock.advance(5 * 60_000)
    await expect(devices.approve(large.requestId, ['operator.admin'])).rejects.toMatchObject({ code: 'device-request-unknown' })
    await close()
  })

  it('bounds how many may wait', async () => {
    const { devices, close } = await make()
    for (let waiting = 0; waiting < 50; waiting++) await devices.ask(facts(`d${waiting}`), 'operator', [])
    await expect(devices.ask(facts('one more'), 'operator', [])).rejects.toMatchObject({ code: 'device-pairing-full' })
    await close()
  })
})

describe('device tokens', () => {
  it('stop with the secret they came from when nobody approved them, and stay when a person did', async () => {
    const { devices, close } = await make()
    const [one, two] = [await credentialsOf('one'), await credentialsOf('two')]
    await devices.admitSilently(facts('silent'), 'operator', ['operator.read'])
    const request = await devices.ask(facts('asked'), 'operator', ['operator.read'])
    await devices.approve(request.requestId, ['operator.admin'])
    const silent = await devices.issueToken(facts('silent').deviceId, 'operator', ['operator.read'], one)
    const asked = await devices.issueToken(facts('asked').deviceId, 'operator', ['operator.read'], one)
    const check = (name: string, token: string, now: Credentials) => devices.checkToken(facts(name).deviceId, 'operator', token, now)
    expect([await check('silent', silent.token, one), await check('asked', asked.token, one)]).toMatchObject([{ bound: true }, { bound: false }])
    expect(await check('silent', silent.token, two)).toBeUndefined()
    expect(await check('asked', asked.token, two)).toBeDefined()
    await devices.dropBound()
    expect(await check('silent', silent.token, one)).toBeUndefined()
    await close()
  })

  it('keeps five per device and role', async () => {
    const { devices, clock, close } = await make()
    const now = await credentialsOf('one')
    await devices.admitSilently(facts('a'), 'operator', ['operator.read'])
    const tokens: string[] = []
    for (let made = 0; made < 7; made++) {
      tokens.push((await devices.issueToken(facts('a').deviceId, 'operator', ['operator.read'], now)).token)
      await clock.advance(1)
    }
    const live = await Promise.all(tokens.map((token) => devices.checkToken(facts('a').deviceId, 'operator', token, now)))
    expect(live.map((found) => found !== undefined)).toEqual([false, false, true, true, true, true, true])
    await close()
  })

  it('never reach further than a person granted, whatever the order of asking, approving, rotating, revoking and removing', async () => {
    const credentials = await credentialsOf('one')
    const scopes = fc.subarray([...operatorScopes])
    const device = fc.constantFrom('a', 'b')
    const step = fc.oneof(
      fc.record({ kind: fc.constant('ask' as const), device, scopes }),
      fc.record({ kind: fc.constant('approve' as const), device, holding: scopes }),
      fc.record({ kind: fc.constant('reject' as const), device }),
      fc.record({ kind: fc.constant('issue' as const), device, scopes }),
      fc.record({ kind: fc.constant('rotate' as const), device, scopes, holding: scopes }),
      fc.record({ kind: fc.constant('revoke' as const), device }),
      fc.record({ kind: fc.constant('remove' as const), device }),
    )
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const { devices, close } = await make()
      // The model: what a person granted each device now, and which tokens may still work.
      const granted = new Map<string, readonly string[]>()
      const asked = new Map<string, { id: string; scopes: readonly string[] }>()
      const tokens: { device: string; token: string; scopes: readonly string[]; alive: boolean }[] = []
      const kill = (name: string): void => tokens.forEach((token) => { if (token.device === name) token.alive = false })
      for (const now of steps) {
        const { deviceId } = facts(now.device)
        if (now.kind === 'ask') asked.set(now.device, { id: (await devices.ask(facts(now.device), 'operator', now.scopes)).requestId, scopes: now.scopes })
        else if (now.kind === 'approve') {
          const request = asked.get(now.device)
          const allowed = request !== undefined && coversAll(now.holding, request.scopes)
          const done = await devices.approve(request?.id ?? 'none', now.holding as Scope[]).then(() => true, () => false)
          expect(done).toBe(allowed)
          if (done && request !== undefined) {
            granted.set(now.device, request.scopes)
            asked.delete(now.device)
          }
        } else if (now.kind === 'reject') {
          await devices.reject(asked.get(now.device)?.id ?? 'none').catch(() => undefined)
          asked.delete(now.device)
        } else if (now.kind === 'issue') {
          if (granted.has(now.device) && coversAll(granted.get(now.device) ?? [], now.scopes)) {
            tokens.push({ device: now.device, scopes: now.scopes, alive: true, token: (await devices.issueToken(deviceId, 'operator', now.scopes, credentials)).token })
          }
        } else if (now.kind === 'rotate') {
          const made = await devices.rotateToken(deviceId, 'operator', now.scopes, now.holding as Scope[]).catch(() => undefined)
          if (made !== undefined) {
            expect(coversAll(granted.get(now.device) ?? [], made.scopes) && coversAll(now.holding, made.scopes)).toBe(true)
            kill(now.device)
            tokens.push({ device: now.device, scopes: made.scopes, alive: true, token: made.token })
          }
        } else if (now.kind === 'revoke') await devices.revokeToken(deviceId, 'operator').then(() => kill(now.device), () => undefined)
        else {
          await devices.remove(deviceId)
          granted.delete(now.device)
          asked.delete(now.device)
          kill(now.device)
        }
        for (const token of tokens) {
          const found = await devices.checkToken(facts(token.device).deviceId, 'operator', token.token, credentials)
          if (!token.alive || !granted.has(token.device)) expect(found).toBeUndefined()
          for (const scope of found?.scopes ?? []) expect(token.scopes.includes(scope) && covers(granted.get(token.device) ?? [], scope)).toBe(true)
        }
      }
      await close()
    }), { numRuns: 120 })
  })
})
