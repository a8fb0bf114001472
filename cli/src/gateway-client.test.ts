import { createHash, createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { GatewayClient } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import { afterEach, describe, expect, it } from 'vitest'
import { loadDeviceIdentity } from './device-identity.ts'
import { connectGateway } from './gateway-client.ts'
import type { ConnectOptions } from './gateway-client.ts'
import { startFakeGateway, WireError } from './testing/fake-gateway.ts'
import type { FakeGateway, FakeGatewayOptions } from './testing/fake-gateway.ts'
import { makeStateDir, realClock } from './testing/run-command.ts'
import { asFields, asText } from './wire-fields.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function fake(options: FakeGatewayOptions = {}): Promise<FakeGateway> {
  const gateway = await startFakeGateway(options)
  open.push(gateway)
  return gateway
}

async function connect(url: string, tokens: string[], more: Partial<ConnectOptions> = {}): Promise<GatewayClient> {
  const stateDir = await makeStateDir()
  const client = await connectGateway({ address: { url, tokens }, version: '1.0.0', platform: 'linux', clock: realClock, device: () => loadDeviceIdentity(stateDir, 1), startCommand: 'start it', ...more })
  open.push(client)
  return client
}

async function refusal(work: Promise<unknown>): Promise<Problem> {
  const error: unknown = await work.then(() => undefined, (reason: unknown) => reason)
  if (error instanceof Problem) return error
  throw new Error(`expected a Problem, found ${String(error)}`)
}

describe('the handshake', () => {
  it.each([3, 4] as const)('speaks protocol %d', async (protocol) => {
    const gateway = await fake({ protocol, token: 'T' })
    const client = await connect(gateway.url, ['T'], { caps: ['tool-events'] })
    expect(client).toMatchObject({ protocol, serverVersion: '9.9.9' })
    expect(gateway.connects[0]).toMatchObject({ minProtocol: 3, maxProtocol: 4, client: { id: 'cli', mode: 'cli', platform: 'linux', version: '1.0.0' }, role: 'operator', caps: ['tool-events'], auth: { token: 'T' } })
    expect(gateway.connects[0]).not.toHaveProperty('device')
  })

  it('goes on to the next token when one is old, and says so when none is right', async () => {
    const gateway = await fake({ token: 'new' })
    await connect(gateway.url, ['old', 'new'])
    expect(gateway.connects).toHaveLength(2)
    expect(await refusal(connect(gateway.url, ['a', 'b']))).toMatchObject({ code: 'gateway-refused', message: 'The gateway does not accept the token.' })
  })

  it('shows a signed device where there is no token, keeps the token it is given, and signs with that next time', async () => {
    const gateway = await fake({ admit: () => ({ deviceToken: 'DT', scopes: ['operator.admin'] }) })
    const stateDir = await makeStateDir()
    const device = (): ReturnType<typeof loadDeviceIdentity> => loadDeviceIdentity(stateDir, 1)
    for (const [index, token] of [undefined, 'DT'].entries()) {
      await connect(gateway.url, [], { device })
      const offered = gateway.connects[index] ?? {}
      const shown = asFields(offered['device'])
      const raw = Buffer.from(asText(shown['publicKey']) ?? '', 'base64url')
      expect(shown['id']).toBe(createHash('sha256').update(raw).digest('hex'))
      const text = ['v2', shown['id'], 'cli', 'cli', 'operator', (offered['scopes'] as string[]).join(','), shown['signedAt'], token ?? '', `nonce-${index + 1}`].join('|')
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' })
      expect(verify(null, Buffer.from(text), key, Buffer.from(asText(shown['signature']) ?? '', 'base64url'))).toBe(true)
      expect(asFields(offered['auth'])['token']).toBe(token)
    }
    for (const name of ['device.json', 'device-auth.json']) expect((await stat(join(stateDir, 'identity', name))).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(join(stateDir, 'identity', 'device.json'), 'utf8'))).toMatchObject({ version: 1, createdAtMs: 1 })
  })

  it('tells how to be paired', async () => {
    const gateway = await fake({ admit: () => { throw new WireError('NOT_PAIRED', 'pairing required', { requestId: 'R-1' }) } })
    expect(await refusal(connect(gateway.url, []))).toMatchObject({ code: 'gateway-refused', next: expect.stringContaining('moltbot devices approve R-1') })
  })

  it('introduces itself to a server that says nothing first', async () => {
    const gateway = await fake({ silent: true, token: 'T' })
    // The wait for a greeting is over at once.
    const clock = { ...realClock, after: (delayMs: number, task: () => void) => realClock.after(delayMs === 2_000 ? 0 : delayMs, task) }
    expect((await connect(gateway.url, ['T'], { clock })).protocol).toBe(4)
  })

  it('says what is there instead', async () => {
    const web = createServer((_, response) => response.writeHead(200).end('hi'))
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    open.push({ close: () => new Promise((resolve) => web.close(resolve)) })
    expect(await refusal(connect(`ws://127.0.0.1:${(web.address() as AddressInfo).port}`, ['T']))).toMatchObject({ code: 'gateway-unreachable', message: expect.stringContaining('something else answers') })
    expect(await refusal(connect('ws://127.0.0.1:9', ['T']))).toMatchObject({ code: 'gateway-unreachable', next: 'Start it with: start it' })
  })
})

describe('requests', () => {
  it('carries answers, refusals and second answers', async () => {
    const gateway = await fake({
      methods: {
        double: ({ params, accept }: { params: unknown; accept(payload: unknown): void }) => {
          accept({ status: 'accepted' })
          return { status: 'ok', params }
        },
        bad: () => { throw new WireError('INVALID_REQUEST', 'no such thing', { problem: 'thing-missing' }) },
      },
    })
    const client = await connect(gateway.url, ['T'])
    const accepted: unknown[] = []
    expect(await client.requestFinal('double', { a: 1 }, { onAccepted: (payload) => accepted.push(payload) })).toEqual({ status: 'ok', params: { a: 1 } })
    expect(accepted).toEqual([{ status: 'accepted' }])
    expect(await refusal(client.request('bad'))).toMatchObject({ code: 'thing-missing', message: 'No such thing.' })
    expect(await refusal(client.request('unheard'))).toMatchObject({ code: 'gateway-too-old' })
  })

  it('ends waiting requests when the connection goes, and tells who listens', async () => {
    const gateway = await fake({ methods: { slow: () => new Promise(() => {}) } })
    const client = await connect(gateway.url, ['T'])
    const lost = new Promise<string>((resolve) => client.onLost(resolve))
    const arrived = gateway.next('slow')
    const waiting = refusal(client.request('slow'))
    await arrived
    gateway.drop(1012, 'service restart')
    expect(await lost).toBe('service restart')
    expect(await waiting).toMatchObject({ code: 'gateway-lost' })
    expect(await refusal(client.request('slow'))).toMatchObject({ code: 'gateway-lost' })
  })

  it('gives up after the time it was given', async () => {
    const gateway = await fake({ methods: { slow: () => new Promise(() => {}) } })
    const client = await connect(gateway.url, ['T'])
    expect(await refusal(client.request('slow', {}, { timeoutMs: 20 }))).toMatchObject({ code: 'request-timeout' })
  })

  it('hands events out in order', async () => {
    const gateway = await fake()
    const client = await connect(gateway.url, ['T'])
    const heard: unknown[] = []
    const three = new Promise<void>((resolve) => client.onEvent((event, payload) => {
      heard.push([event, payload])
      if (heard.length === 3) resolve()
    }))
    for (const number of [1, 2, 3]) gateway.emit('tick', { number })
    await three
    expect(heard).toEqual([['tick', { number: 1 }], ['tick', { number: 2 }], ['tick', { number: 3 }]])
  })
})
