import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'
import { ownerPrincipal, Secret, type PrincipalId } from '@moltbot/contract'
import { memoryLogger, realClock } from '@moltbot/contract/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEgressWorld, ownerIdentity, type EgressWorld } from '../egress/testing/egress-world.ts'
import { openStore } from '../storage/index.ts'
import { createPush, pushMigration } from './create-push.ts'
import type { PushDoor } from './types.ts'

/** A browser that is told: its keys, and what it can read of what a push service got for it (RFC 8291). */
function createBrowser(path: string) {
  const ecdh = createECDH('prime256v1')
  const p256dh = ecdh.generateKeys()
  const auth = randomBytes(16)
  return {
    target: { endpoint: `https://push.example${path}`, keys: { p256dh: p256dh.toString('base64url'), auth: auth.toString('base64url') } },
    read(body: Buffer): Record<string, unknown> {
      const salt = body.subarray(0, 16)
      const sender = body.subarray(21, 21 + (body[20] ?? 0))
      const sealed = body.subarray(21 + sender.length)
      const shared = hkdfSync('sha256', ecdh.computeSecret(sender), auth, Buffer.concat([Buffer.from('WebPush: info\0'), p256dh, sender]), 32)
      const key = Buffer.from(hkdfSync('sha256', Buffer.from(shared), salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16))
      const nonce = Buffer.from(hkdfSync('sha256', Buffer.from(shared), salt, Buffer.from('Content-Encoding: nonce\0'), 12))
      const opener = createDecipheriv('aes-128-gcm', key, nonce)
      opener.setAuthTag(sealed.subarray(-16))
      const plain = Buffer.concat([opener.update(sealed.subarray(0, -16)), opener.final()])
      return JSON.parse(plain.subarray(0, plain.lastIndexOf(2)).toString('utf8')) as Record<string, unknown>
    },
  }
}

describe('web push', () => {
  let world: EgressWorld
  let push: PushDoor
  let got: { path: string; headers: Record<string, unknown>; body: Buffer }[]
  let sealed: Map<string, Secret>
  let status = 201
  const closers: (() => Promise<void>)[] = []

  beforeAll(async () => {
    world = await createEgressWorld()
    await world.serveTls('push.example', (request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        got.push({ path: `${request.method} ${request.url}`, headers: request.headers, body: Buffer.concat(pieces) })
        response.writeHead(status).end()
      })
    })
  })
  afterAll(async () => {
    for (const close of closers) await close()
    await world.close()
  })
  beforeEach(async () => {
    got = []
    status = 201
    sealed = new Map()
    const store = await openStore({ file: ':memory:', migrations: [pushMigration] })
    closers.push(() => store.close())
    push = createPush({
      store, clock: realClock, log: memoryLogger(),
      keys: { get: (name) => sealed.get(name), set: async (name, value) => void sealed.set(name, new Secret(name, value)) },
      post: async ({ url, headers, body, principal }) => (await world.egress.request({ ...ownerIdentity, principal }, { url, headers, post: body, bytesMax: 65_536, timeoutMs: 10_000, redirectsMax: 0, signal: new AbortController().signal })).status,
    })
  })

  it('reaches a browser through its push service, signed with the key the vault keeps, and says nothing of what it is about', async () => {
    const browser = createBrowser('/send/1')
    await push.subscribe(ownerPrincipal, browser.target)
    expect(await push.send(ownerPrincipal, { kind: 'approval', body: 'run: rm -r /', session: 'agent:main:main' })).toEqual({ sent: 1, failed: 0 })
    expect(got[0]).toMatchObject({ path: 'POST /send/1', headers: { 'content-encoding': 'aes128gcm', urgency: 'high', authorization: expect.stringContaining(await push.publicKey()) } })
    expect(browser.read(got[0]?.body ?? Buffer.alloc(0))).toEqual({ kind: 'approval', session: 'agent:main:main' })
    expect([...sealed.keys()]).toEqual(['push.vapid'])
    expect(JSON.stringify([...sealed.values()])).not.toContain('privateKey')
  })

  it('carries words only where that person allowed it, and only of what they want to hear', async () => {
    const browser = createBrowser('/send/2')
    await push.subscribe(ownerPrincipal, browser.target)
    await push.prefer(ownerPrincipal, { showText: true, replies: false })
    await push.send(ownerPrincipal, { kind: 'reply', body: 'Hello' })
    expect(got).toEqual([])
    await push.send(ownerPrincipal, { kind: 'alert', body: 'x'.repeat(1_000) })
    expect(browser.read(got[0]?.body ?? Buffer.alloc(0))).toEqual({ kind: 'alert', body: 'x'.repeat(300) })
  })

  it('tells nobody else’s browsers, and forgets one that is gone', async () => {
    await push.subscribe('pr_2' as PrincipalId, createBrowser('/send/3').target)
    expect(await push.send(ownerPrincipal, { kind: 'test' })).toEqual({ sent: 0, failed: 0 })
    expect(await push.unsubscribe(ownerPrincipal, 'all')).toBe(0)
    status = 410
    expect(await push.send('pr_2' as PrincipalId, { kind: 'test' })).toEqual({ sent: 0, failed: 1 })
    expect(await push.count('pr_2' as PrincipalId)).toBe(0)
  })

  it('posts nowhere that the gate does not let it', async () => {
    const { target } = createBrowser('/x')
    for (const endpoint of ['http://push.example/x', 'https://user:pw@push.example/', 'ftp://push.example/', 'no address']) {
      await expect(push.subscribe(ownerPrincipal, { ...target, endpoint }), endpoint).rejects.toMatchObject({ code: 'push-endpoint' })
    }
    const before = world.opened.length
    world.names.set('inside.example', ['10.0.0.7'])
    for (const endpoint of ['https://127.0.0.1/x', 'https://169.254.169.254/latest', 'https://inside.example/x', 'https://push.example:8443/x']) {
      await push.subscribe(ownerPrincipal, { ...target, endpoint })
    }
    expect(await push.send(ownerPrincipal, { kind: 'test' })).toEqual({ sent: 0, failed: 4 })
    expect(world.opened.slice(before)).toEqual([])
    expect(world.refusals.length).toBeGreaterThanOrEqual(4)
  })

  it('follows no redirect with what it posts', async () => {
    status = 307
    await push.subscribe(ownerPrincipal, createBrowser('/send/4').target)
    expect(await push.send(ownerPrincipal, { kind: 'test' })).toEqual({ sent: 0, failed: 1 })
    expect(got.length).toBe(1)
  })
})
