import { ownerPrincipal, Secret, type PrincipalId } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPushService, type PushBrowser, type PushService } from '../../../../test/fakes/push-service/index.ts'
import { createEgressWorld, ownerIdentity, type EgressWorld } from '../egress/testing/egress-world.ts'
import { openStore } from '../storage/index.ts'
import { createPush, pushMigration, type PushRequest } from './create-push.ts'
import type { PushDoor } from './types.ts'

describe('web push', () => {
  let world: EgressWorld
  let service: PushService
  let push: PushDoor
  let clock: FakeClock
  let sealed: Map<string, Secret>
  let change: (request: PushRequest) => PushRequest
  const closers: (() => Promise<void>)[] = []

  beforeAll(async () => {
    world = await createEgressWorld()
    await world.serveTls('push.example', (request, response) => service.handler(request, response))
  })
  afterAll(async () => {
    for (const close of closers) await close()
    await world.close()
  })
  beforeEach(async () => {
    service = createPushService('push.example')
    sealed = new Map()
    change = (request) => request
    clock = new FakeClock(Date.now())
    const store = await openStore({ file: ':memory:', migrations: [pushMigration] })
    closers.push(() => store.close())
    push = createPush({
      store, clock, log: memoryLogger(),
      keys: { get: (name) => sealed.get(name), set: async (name, value) => void sealed.set(name, new Secret(name, value)) },
      async post(request) {
        const { url, headers, body, principal } = change(request)
        const answer = await world.egress.request({ ...ownerIdentity, principal }, { url, headers, post: body, bytesMax: 65_536, timeoutMs: 10_000, redirectsMax: 0, signal: new AbortController().signal })
        const retryAfter = answer.headers['retry-after']
        return { status: answer.status, ...(retryAfter === undefined ? {} : { retryAfter }) }
      },
    })
  })
  afterEach(() => push.close())

  /** A browser that is told from now on. */
  const subscribe = async (path: string, principal: PrincipalId = ownerPrincipal): Promise<PushBrowser> => {
    const browser = service.browser(path, await push.publicKey())
    await push.subscribe(principal, browser)
    return browser
  }

  it('reaches a browser through its push service, sealed to it and signed with the key the vault keeps, and says nothing of what it is about', async () => {
    await subscribe('/send/1')
    expect(await push.send(ownerPrincipal, { kind: 'approval', body: 'run: rm -r /', session: 'agent:main:main' })).toEqual({ sent: 1, failed: 0, later: 0 })
    expect(service.faults).toEqual([])
    expect(service.taken).toEqual([{ path: '/send/1', ttlSeconds: 600, urgency: 'high', message: { kind: 'approval', session: 'agent:main:main' } }])
    expect([...sealed.keys()]).toEqual(['push.vapid'])
    expect(JSON.stringify([...sealed.values()])).not.toContain('privateKey')
  })

  it('is believed by no push service with a changed token, another’s key, or a changed message', async () => {
    await subscribe('/send/1')
    const twist = (name: string, how: (value: string) => string) => (request: PushRequest): PushRequest => ({ ...request, headers: { ...request.headers, [name]: how(request.headers[name] ?? '') } })
    const other = service.browser('/send/other', 'B'.repeat(87))
    for (const [broken, rule] of [
      [twist('Authorization', (value) => value.replace(/t=([\w-]+)\.[\w-]+\./, (_, head: string) => `t=${head}.${Buffer.from(JSON.stringify({ aud: 'https://push.example', exp: Math.floor(Date.now() / 1000) + 60 })).toString('base64url')}.`)), 'The signature is wrong.'],
      [(request: PushRequest) => ({ ...request, url: other.endpoint }), 'The key is not the one this browser subscribed with.'],
      [(request: PushRequest) => ({ ...request, body: Buffer.from(request.body).fill(0, request.body.length - 20) }), 'The browser cannot read it'],
    ] as const) {
      change = broken
      await push.send(ownerPrincipal, { kind: 'test' })
      expect(service.faults.at(-1)).toContain(rule)
    }
    expect(service.taken).toEqual([])
  })

  it('carries words only where that person allowed it, and only of what they want to hear', async () => {
    await subscribe('/send/2')
    await push.prefer(ownerPrincipal, { showText: true, replies: false })
    await push.send(ownerPrincipal, { kind: 'reply', body: 'Hello' })
    expect(service.asked()).toBe(0)
    await push.send(ownerPrincipal, { kind: 'alert', body: 'x'.repeat(1_000) })
    expect(service.taken[0]?.message).toEqual({ kind: 'alert', body: 'x'.repeat(300) })
  })

  it('offers a yes only where the whole question stands in the notification', async () => {
    await subscribe('/send/7')
    const ask = (body: string): Promise<unknown> => push.send(ownerPrincipal, { kind: 'approval', body, question: { id: body.slice(0, 5), allow: true } })
    await ask('write a.md')
    await push.prefer(ownerPrincipal, { showText: true })
    await ask('write b.md')
    await ask(`write ${'c'.repeat(300)}`)
    expect(service.taken.map(({ message }) => message['question'])).toEqual([{ id: 'write', allow: false }, { id: 'write', allow: true }, { id: 'write', allow: false }])
  })

  it('tells nobody else’s browsers, and forgets one that is gone', async () => {
    const guest = 'pr_2' as PrincipalId
    for (const status of [404, 410]) {
      await subscribe('/send/3', guest)
      expect(await push.send(ownerPrincipal, { kind: 'test' })).toEqual({ sent: 0, failed: 0, later: 0 })
      expect(await push.unsubscribe(ownerPrincipal, 'all')).toBe(0)
      service.refuse.push({ status })
      expect(await push.send(guest, { kind: 'test' })).toEqual({ sent: 0, failed: 1, later: 0 })
      expect(await push.count(guest)).toBe(0)
    }
    await subscribe('/send/3', guest)
    service.refuse.push({ status: 500 })
    await push.send(guest, { kind: 'test' })
    expect(await push.count(guest), 'a service that is broken for a moment takes nothing away').toBe(1)
  })

  it('waits as long as a push service asks, and then tells the newest of each kind', async () => {
    await subscribe('/send/4')
    await push.prefer(ownerPrincipal, { showText: true })
    service.refuse.push({ status: 429, headers: { 'Retry-After': '90' } })
    expect(await push.send(ownerPrincipal, { kind: 'alert', body: 'first' })).toEqual({ sent: 0, failed: 0, later: 1 })
    expect(await push.send(ownerPrincipal, { kind: 'alert', body: 'second' })).toEqual({ sent: 0, failed: 0, later: 1 })
    expect(await push.send(ownerPrincipal, { kind: 'reply', body: 'an answer', session: 'agent:main:main' })).toEqual({ sent: 0, failed: 0, later: 1 })
    await clock.advance(89_000)
    expect(service.asked()).toBe(1)
    await clock.advance(1_000)
    await service.message(1)
    expect(service.taken.map(({ message, ttlSeconds }) => [message['body'], ttlSeconds])).toEqual([['second', 86_310], ['an answer', 86_310]])
    expect(await push.send(ownerPrincipal, { kind: 'test' })).toEqual({ sent: 1, failed: 0, later: 0 })
  })

  it('waits until a date as well, tells nobody who switched it off meanwhile, and nothing that is of no use any more', async () => {
    const browser = await subscribe('/send/5')
    service.refuse.push({ status: 429, headers: { 'Retry-After': new Date(clock.now() + 30_000).toUTCString() } })
    expect(await push.send(ownerPrincipal, { kind: 'alert' })).toMatchObject({ later: 1 })
    await push.unsubscribe(ownerPrincipal, browser.endpoint)
    await clock.advance(31_000)
    await push.subscribe(ownerPrincipal, browser)
    service.refuse.push({ status: 429, headers: { 'Retry-After': '3600' } })
    expect(await push.send(ownerPrincipal, { kind: 'approval' }), 'a question is over by then').toEqual({ sent: 0, failed: 1, later: 0 })
    expect([service.asked(), service.taken.length]).toEqual([2, 0])
  })

  it('keeps no address that leads to no push service, and posts nowhere that the gate does not let it', async () => {
    const target = service.browser('/x', await push.publicKey())
    for (const endpoint of [
      'http://push.example/x', 'https://user:pw@push.example/', 'ftp://push.example/', 'no address', 'https://127.0.0.1/x', 'https://169.254.169.254/latest', 'https://[::1]/x', 'https://0x7f.1/x',
      'https://localhost/x', 'https://printer.local/x', 'https://router/x', 'https://push.example:8443/x',
    ]) {
      await expect(push.subscribe(ownerPrincipal, { ...target, endpoint }), endpoint).rejects.toMatchObject({ code: 'push-endpoint' })
    }
    const before = world.opened.length
    world.names.set('inside.example', ['10.0.0.7'])
    await push.subscribe(ownerPrincipal, { ...target, endpoint: 'https://inside.example/x' })
    expect(await push.send(ownerPrincipal, { kind: 'test' })).toEqual({ sent: 0, failed: 1, later: 0 })
    expect(world.opened.slice(before)).toEqual([])
    expect(world.refusals.at(-1)).toMatchObject({ host: 'inside.example' })
  })

  it('follows no redirect with what it posts', async () => {
    await subscribe('/send/6')
    service.refuse.push({ status: 307, headers: { Location: 'https://push.example/send/6' } })
    expect(await push.send(ownerPrincipal, { kind: 'test' })).toEqual({ sent: 0, failed: 1, later: 0 })
    expect(service.asked()).toBe(1)
  })
})
