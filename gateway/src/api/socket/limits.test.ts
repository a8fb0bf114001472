import { setTimeout as pause } from 'node:timers/promises'
import { Type } from 'typebox'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeClock } from '@moltbot/contract/testing'
import type { Broadcast, WireEvents } from '../broadcast.ts'
import { defineMethod, type Method } from '../method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { connectParams, runDoor, testToken, type RunningDoor } from '../testing/test-client.ts'

let running: RunningDoor | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})
const echo: Method = defineMethod({ name: 'echo', scope: 'operator.read', summary: 'Length.', params: Type.Object({ text: Type.String() }), result: Type.Unknown(), handle: async (params) => ({ length: params.text.length }) })
let broadcast: Broadcast
const events: WireEvents = { names: () => [], start: (given) => { broadcast = given; return () => undefined } }

describe('limits of a connection', () => {
  it('takes 64 KiB from strangers and 25 MiB from whoever proved themselves', async () => {
    running = await runDoor({ methods: [echo] })
    const stranger = await running.open()
    await stranger.challenge()
    stranger.send({ type: 'req', id: '1', method: 'connect', params: connectParams({ userAgent: 'x'.repeat(70_000) }) })
    expect((await stranger.ended()).code).toBe(1009)
    const socket = await running.open()
    await socket.connect()
    expect((await socket.request('echo', { text: 'x'.repeat(8_000_000) })).payload).toEqual({ length: 8_000_000 })
  })

  it('closes whoever does not finish the handshake within ten seconds', async () => {
    const clock = new FakeClock(Date.now())
    running = await runDoor({ rooms: await fakeRooms({ clock }) })
    const slow = await running.open()
    await slow.challenge()
    const quick = await running.open()
    await quick.connect()
    await clock.advance(10_000)
    expect(await slow.ended()).toEqual({ code: 1008, reason: 'handshake timeout' })
    expect(quick.closed).toBeUndefined()
  })

  it('ticks every thirty seconds, to everybody', async () => {
    const clock = new FakeClock(Date.now())
    running = await runDoor({ rooms: await fakeRooms({ clock }) })
    const socket = await running.open()
    await socket.connect({ client: { id: 'cli', version: '1', platform: 'x', mode: 'cli' } })
    await clock.advance(30_000)
    const tick = await socket.event('tick')
    expect(tick).toEqual({ type: 'event', event: 'tick', payload: { ts: clock.now() }, seq: tick.seq })
  })

  it('lets a slow reader miss what may be missed and closes it before it misses anything else', async () => {
    running = await runDoor({ events })
    const slow = await running.open()
    await slow.connect({ minProtocol: 3, maxProtocol: 3 })
    const quick = await running.open()
    await quick.connect({ minProtocol: 3, maxProtocol: 3 })
    slow.ws.pause()
    const callers = broadcast.callers()
    const large = { text: 'x'.repeat(1_000_000) }
    // Enough to fill the kernel's buffers and then ours.
    for (let sent = 0; sent < 20; sent++) {
      broadcast.toCaller(callers[0]?.id ?? '', 'chat', large, { droppable: true })
      await pause(1)
    }
    broadcast.toAll('chat', () => large, { droppable: true })
    expect(broadcast.callers()).toHaveLength(2)
    broadcast.toAll('agent', () => ({ last: true }))
    expect(broadcast.callers()).toHaveLength(1)
    await quick.event('agent')
    slow.ws.resume()
    expect(await slow.ended()).toEqual({ code: 1008, reason: 'slow consumer' })
    expect(slow.frames.filter((frame) => frame.event === 'chat').length).toBeLessThan(20)
    const seqs = slow.frames.flatMap((frame) => (frame.seq === undefined ? [] : [frame.seq]))
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
  })

  it('holds 500 idle sockets and still answers the next one', async () => {
    running = await runDoor({ methods: [echo] })
    const door = running
    const sockets = await Promise.all(Array.from({ length: 500 }, async () => {
      const socket = await door.open()
      await socket.connect({ client: { id: 'cli', version: '1', platform: 'x', mode: 'cli' } })
      return socket
    }))
    expect(sockets.filter((socket) => socket.closed !== undefined)).toEqual([])
    const next = await door.open()
    expect(await next.connect()).toMatchObject({ ok: true })
    expect((await next.request('echo', { text: 'hi' })).payload).toEqual({ length: 2 })
  })

  it('keeps strangers from another address few', async () => {
    running = await runDoor({ config: { trustedProxies: ['127.0.0.1'], limits: { unauthenticatedPerAddress: 2 } } })
    const headers = { 'x-forwarded-for': '10.0.0.9' }
    await running.open({ headers })
    const second = await running.open({ headers })
    await expect(running.open({ headers })).rejects.toThrow('429')
    await second.connect()
    await running.open({ headers })
  })
})

describe('where it listens', () => {
  it('both loopback addresses, on one port', async () => {
    running = await runDoor()
    expect(running.addresses[0]).toBe('127.0.0.1')
    if (running.addresses.includes('::1')) expect((await fetch(`http://[::1]:${running.port}/healthz`)).status).toBe(200)
  })

  it('refuses a taken port in words', async () => {
    running = await runDoor()
    await expect(runDoor({ port: running.port })).rejects.toMatchObject({ code: 'door-port-taken', message: expect.stringContaining(`127.0.0.1:${running.port}`), next: expect.stringContaining('moltbot status') })
  })

  it('refuses to open to other machines without a secret', async () => {
    const rooms = await fakeRooms()
    const { createDoor } = await import('../door.ts')
    const { randomBytes } = await import('node:crypto')
    const door = createDoor({ rooms, methods: [], events: { start: () => () => undefined, names: () => [] }, uiDir: undefined, token: async () => undefined, random: randomBytes, port: 0, bind: 'lan' })
    await expect(door.listen()).rejects.toMatchObject({ code: 'door-open', next: expect.stringContaining('gateway.auth.token') })
    await rooms.store.close()
  })

  it('refuses to open to them without encryption, and says what to do', async () => {
    await expect(runDoor({ bind: 'lan' })).rejects.toMatchObject({ code: 'door-plain', next: expect.stringContaining('gateway.tls.enabled') })
    await expect(runDoor({ config: { bind: 'custom', customBindHost: '127.evil.example' } })).rejects.toMatchObject({ code: 'door-plain' })
  })

  it('opens to them with a secret and encryption', async () => {
    running = await runDoor({ bind: 'lan', config: { tls: { enabled: true } } })
    expect(running.addresses).toEqual(['0.0.0.0'])
    expect(testToken.length).toBeGreaterThan(24)
  })
})
