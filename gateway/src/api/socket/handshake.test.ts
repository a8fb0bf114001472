import { Type } from 'typebox'
import { afterEach, describe, expect, it } from 'vitest'
import { Problem } from '@moltbot/contract'
import { defineMethod, type Method } from '../method.ts'
import { connectParams, newDevice, runDoor, signDevice, testToken, type RunningDoor, type TestDevice, type TestSocket } from '../testing/test-client.ts'

let running: RunningDoor | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})
const start = async (options: Parameters<typeof runDoor>[0] = {}): Promise<RunningDoor> => (running = await runDoor({ methods, ...options }))

const anything = Type.Unknown()
const methods: Method[] = [
  defineMethod({
    name: 'health', scope: 'operator.read', summary: 'Health.', params: Type.Object({}), result: anything,
    handle: async () => ({ ok: true, ts: 1, durationMs: 0, channels: {}, channelOrder: [], channelLabels: {}, heartbeatSeconds: 1800, defaultAgentId: 'main', agents: [], sessions: { path: 'p', count: 0, recent: [] } }),
  }),
  defineMethod({ name: 'echo', scope: 'operator.write', summary: 'Echo.', params: Type.Object({ text: Type.String({ minLength: 1 }) }, { additionalProperties: false }), result: anything, handle: async (params) => params }),
  defineMethod({ name: 'config.set', scope: 'operator.admin', summary: 'Admin.', params: Type.Object({}), result: anything, handle: async () => ({ ok: true }) }),
  defineMethod({ name: 'node.event', scope: 'node', summary: 'Node.', params: Type.Object({}), result: anything, handle: async () => ({ ok: true }) }),
  defineMethod({ name: 'fails.kindly', scope: 'operator.read', summary: 'Problem.', params: Type.Object({}), result: anything, handle: async () => { throw new Problem('session-missing', 'session not found') } }),
  defineMethod({ name: 'fails.badly', scope: 'operator.read', summary: 'Bug.', params: Type.Object({}), result: anything, handle: async () => { throw new Error('secret path /etc/shadow') } }),
  defineMethod({
    name: 'agent', scope: 'operator.write', summary: 'Two answers.', params: Type.Object({ idempotencyKey: Type.String() }), result: anything,
    handle: async (params, _rooms, caller) => {
      caller.respondAgain({ runId: params.idempotencyKey, status: 'ok' })
      caller.respondAgain({ runId: params.idempotencyKey, status: 'never sent' })
      return { runId: params.idempotencyKey, status: 'accepted' }
    },
  }),
]

const cli = { client: { id: 'cli', version: '2026.1.24', platform: 'linux', mode: 'cli', instanceId: 'i-1' } }
const v3 = { minProtocol: 3, maxProtocol: 3 }

async function connectDevice(socket: TestSocket, device: TestDevice, params: Record<string, unknown>, options: { nonce?: 'none' | 'wrong'; signedAt?: number; version?: 'v1' | 'v2' | 'v3' } = {}) {
  const { nonce } = await socket.challenge()
  const full = connectParams(params)
  const used = options.nonce === 'none' ? undefined : options.nonce === 'wrong' ? 'another' : nonce
  return socket.connect({ ...params, device: signDevice(device, full, used, options) })
}

describe('the handshake', () => {
  it('greets a local command line of protocol 3 exactly as the worked exchange B.1 shows', async () => {
    const door = await start()
    const socket = await door.open()
    const device = newDevice()
    const scopes = ['operator.admin', 'operator.approvals', 'operator.pairing']
    const response = await connectDevice(socket, device, { ...v3, ...cli, scopes, caps: [] })

    expect(socket.frames[0]).toEqual({ type: 'event', event: 'connect.challenge', payload: { nonce: expect.any(String), ts: expect.any(Number) } })
    expect(Object.keys(response).sort()).toEqual(['id', 'ok', 'payload', 'type'])
    const hello = response.payload as Record<string, any>
    expect(hello).toEqual({
      type: 'hello-ok', protocol: 3,
      server: { version: '0.0.0-test', host: 'box', connId: expect.any(String) },
      features: { methods: methods.map((method) => method.name), events: ['connect.challenge', 'tick', 'presence', 'device.pair.requested', 'device.pair.resolved', 'shutdown', 'chat'] },
      snapshot: {
        presence: [expect.objectContaining({ host: 'box', mode: 'gateway', reason: 'self', ts: expect.any(Number) })],
        health: expect.objectContaining({ ok: true, heartbeatSeconds: 1800 }),
        stateVersion: { presence: 1, health: 1 }, uptimeMs: expect.any(Number), configPath: expect.any(String), stateDir: expect.any(String),
        sessionDefaults: { defaultAgentId: 'main', mainKey: 'main', mainSessionKey: 'agent:main:main', scope: 'per-sender' },
      },
      auth: { deviceToken: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/), role: 'operator', scopes, issuedAtMs: expect.any(Number) },
      policy: { maxPayload: 524_288, maxBufferedBytes: 1_572_864, tickIntervalMs: 30_000 },
    })
    expect((await socket.request('health', {})).payload).toMatchObject({ ok: true })
    const paired = await door.rooms.devices.list()
    expect(paired).toMatchObject([{ deviceId: device.id, approvedVia: 'silent', scopes }])
    expect(JSON.stringify(paired)).not.toContain(hello['auth'].deviceToken)
  })

  it('greets protocol 4 with what it requires besides', async () => {
    const door = await start()
    const socket = await door.open()
    const hello = (await socket.connect({ scopes: ['operator.read', 'operator.questions'] })).payload as Record<string, any>
    expect(hello['protocol']).toBe(4)
    expect(hello['server']).toEqual({ version: '0.0.0-test', connId: expect.any(String) })
    expect(hello['auth']).toEqual({ role: 'operator', scopes: ['operator.read', 'operator.questions'] })
    expect(hello['snapshot'].authMode).toBe('token')
    expect(hello['snapshot']).not.toHaveProperty('configPath')
    expect(hello['policy']).toEqual({ maxPayload: 26_214_400, maxBufferedBytes: 52_428_800, tickIntervalMs: 30_000, attachments: expect.any(Object) })
  })

  it('picks the highest protocol inside the client\'s range and refuses others with 1002', async () => {
    const door = await start()
    expect(((await (await door.open()).connect({ minProtocol: 3, maxProtocol: 4 })).payload as { protocol: number }).protocol).toBe(4)
    const socket = await door.open()
    const refused = await socket.connect({ minProtocol: 5, maxProtocol: 6 })
    expect(refused).toMatchObject({ ok: false, error: { code: 'INVALID_REQUEST', message: 'protocol mismatch', details: { expectedProtocol: 4, code: 'PROTOCOL_MISMATCH', clientMinProtocol: 5 } } })
    expect(await socket.ended()).toEqual({ code: 1002, reason: 'protocol mismatch' })
  })

  it('reads JSON from binary messages, accepts any brand and unknown keys, on any path', async () => {
    const door = await start()
    const socket = await door.open()
    await socket.challenge()
    socket.send(Buffer.from(JSON.stringify({ type: 'req', id: 'b', method: 'connect', traceparent: 'x', params: connectParams({ client: { id: 'openclaw-macos', version: '1', platform: 'macOS 26', mode: 'ui', buildId: 'z' }, modelCatalog: { sessionKey: 'main' } }) })))
    expect(await socket.response('b')).toMatchObject({ ok: true })
    socket.send(Buffer.from(JSON.stringify({ type: 'req', id: 'e', method: 'echo', params: { text: 'hi' } })))
    expect(await socket.response('e')).toEqual({ type: 'res', id: 'e', ok: true, payload: { text: 'hi' } })
  })

  it.each([
    ['another method first', { type: 'req', id: '1', method: 'health' }, 1008, 'invalid handshake: first request must be connect', true],
    ['an object that is no request', { hello: 1 }, 1008, 'invalid request frame', false],
    ['text that is no JSON', 'hello', 1000, '', false],
  ])('before it: %s', async (_name, message, code, reason, answered) => {
    const door = await start()
    const socket = await door.open()
    await socket.challenge()
    socket.send(message)
    expect(await socket.ended()).toEqual({ code, reason })
    expect(socket.frames.some((frame) => frame.type === 'res' && frame.error?.message === reason)).toBe(answered)
  })

  it.each([
    ['a missing field', { client: { id: 'cli', platform: 'linux', mode: 'cli' } }, 'INVALID_REQUEST', "invalid connect params: at /client: must have required property 'version'"],
    ['a foreign role', { role: 'king' }, 'INVALID_REQUEST', 'invalid role'],
    ['no device and no token', { auth: {} }, 'NOT_PAIRED', 'device identity required'],
    ['only a password', { auth: { password: testToken } }, 'NOT_PAIRED', 'device identity required'],
    ['a control page without device', { client: { id: 'openclaw-control-ui', version: '1', platform: 'x', mode: 'webchat' } }, 'INVALID_REQUEST', 'control ui requires HTTPS or localhost (secure context)'],
  ])('refuses %s in exactly these words', async (_name, params, code, message) => {
    const door = await start()
    const socket = await door.open()
    expect((await socket.connect(params)).error).toMatchObject({ code, message })
    expect(await socket.ended()).toEqual({ code: 1008, reason: message.slice(0, 120) })
  })

  it('says how a wrong or missing token is wrong, with the code that protocol 4 acts on', async () => {
    const door = await start()
    const wrong = await (await door.open()).connect({ auth: { token: 'wrong' } })
    expect(wrong.error?.message).toMatch(/^unauthorized: gateway token mismatch \(.+\)$/)
    expect(wrong.error?.details).toMatchObject({ code: 'AUTH_TOKEN_MISMATCH', authReason: 'token_mismatch', recommendedNextStep: 'update_auth_credentials' })
    const missing = await connectDevice(await door.open(), newDevice(), { auth: {} })
    expect(missing.error?.message).toMatch(/^unauthorized: gateway token missing/)
    door.setToken(undefined)
    const none = await (await door.open()).connect({ auth: { token: 'x' } })
    expect(none.error?.message).toMatch(/^unauthorized: gateway token not configured on gateway \(set gateway\.auth\.token\)/)
  })
})

describe('device identity', () => {
  it.each(['v2', 'v3'] as const)('accepts signature text %s', async (version) => {
    const door = await start()
    expect(await connectDevice(await door.open(), newDevice(), { ...cli }, { version })).toMatchObject({ ok: true })
  })

  it('accepts a signature without nonce from a local client of protocol 3 only', async () => {
    const door = await start()
    expect(await connectDevice(await door.open(), newDevice(), { ...v3, ...cli }, { nonce: 'none' })).toMatchObject({ ok: true })
    expect((await connectDevice(await door.open(), newDevice(), { ...cli }, { nonce: 'none' })).error).toMatchObject({ message: 'device nonce required' })
  })

  it('names each fault', async () => {
    const door = await start()
    const device = newDevice()
    const message = async (made: Promise<{ error?: { message: string } }>): Promise<string | undefined> => (await made).error?.message
    expect(await message(connectDevice(await door.open(), { ...device, id: newDevice().id }, cli))).toBe('device identity mismatch')
    expect(await message(connectDevice(await door.open(), device, cli, { signedAt: Date.now() - 11 * 60_000 }))).toBe('device signature expired')
    expect(await message(connectDevice(await door.open(), device, cli, { nonce: 'wrong' }))).toBe('device nonce mismatch')
    expect(await message(connectDevice(await door.open(), { ...device, key: newDevice().key }, cli))).toBe('device signature invalid')
    expect(await message(connectDevice(await door.open(), { ...device, publicKey: 'abc' }, cli))).toBe('device public key invalid')
  })

  it('covers every policy field by the signature: a scope added afterwards does not pass', async () => {
    const door = await start()
    const socket = await door.open()
    const { nonce } = await socket.challenge()
    const device = newDevice()
    const signed = signDevice(device, connectParams({ scopes: ['operator.read'] }), nonce)
    expect((await socket.connect({ scopes: ['operator.admin'], device: signed })).error?.message).toBe('device signature invalid')
  })

  it('takes its own token next time instead of the shared one, within the scopes it was given', async () => {
    const door = await start()
    const device = newDevice()
    const first = await connectDevice(await door.open(), device, { ...cli, scopes: ['operator.read'] })
    const { deviceToken } = (first.payload as { auth: { deviceToken: string } }).auth
    const second = await connectDevice(await door.open(), device, { ...cli, scopes: ['operator.read'], auth: { deviceToken } })
    expect(second.payload).toMatchObject({ auth: { deviceToken, scopes: ['operator.read'] } })
    const asV3 = await connectDevice(await door.open(), device, { ...v3, ...cli, scopes: ['operator.read'], auth: { token: deviceToken } })
    expect(asV3).toMatchObject({ ok: true })
    const more = await connectDevice(await door.open(), device, { ...cli, scopes: ['operator.admin'], auth: { deviceToken } })
    expect(more.error?.details).toMatchObject({ code: 'AUTH_SCOPE_MISMATCH' })
    const others = await connectDevice(await door.open(), newDevice(), { ...cli, scopes: ['operator.read'], auth: { deviceToken } })
    expect(others.error?.message).toMatch(/^unauthorized: device token mismatch/)
  })
})

describe('pairing from another machine', () => {
  const remote = { headers: { 'x-forwarded-for': '10.0.0.9' } }
  const behindProxy = { config: { trustedProxies: ['127.0.0.1'] } }

  it('asks the operators, refuses until one approves, then lets the device in (B.2)', async () => {
    const door = await start(behindProxy)
    const operator = await door.open(remote)
    await operator.connect({ scopes: ['operator.admin'] })
    const device = newDevice()

    const v4 = await door.open(remote)
    const refused = await connectDevice(v4, device, { ...cli, scopes: ['operator.read'] })
    expect(refused.error).toMatchObject({ code: 'NOT_PAIRED', message: 'pairing required', details: { code: 'PAIRING_REQUIRED', reason: 'not-paired' } })
    const requestId = refused.error?.details?.['requestId'] as string
    expect((await v4.ended()).reason).toBe(`pairing required: this device is not approved yet (requestId: ${requestId})`)
    expect((await operator.event('device.pair.requested')).payload).toMatchObject({ requestId, deviceId: device.id, scopes: ['operator.read'], remoteIp: '10.0.0.9' })

    const v3Socket = await door.open(remote)
    const again = await connectDevice(v3Socket, device, { ...v3, ...cli, scopes: ['operator.read'] })
    expect(again.error).toEqual({ code: 'NOT_PAIRED', message: 'pairing required', details: { requestId } })
    expect(await v3Socket.ended()).toEqual({ code: 1008, reason: 'pairing required' })
    expect(operator.frames.filter((frame) => frame.event === 'device.pair.requested')).toHaveLength(1)

    await door.rooms.devices.approve(requestId, ['operator.admin'])
    expect((await operator.event('device.pair.resolved')).payload).toMatchObject({ requestId, decision: 'approved' })
    const accepted = await connectDevice(await door.open(remote), device, { ...cli, scopes: ['operator.read'] })
    expect(accepted.payload).toMatchObject({ auth: { scopes: ['operator.read'] } })
    const more = await connectDevice(await door.open(remote), device, { ...cli, scopes: ['operator.admin'] })
    expect(more.error?.details).toMatchObject({ reason: 'scope-upgrade', approvedScopes: ['operator.read'] })
  })

  it('tells nobody without the pairing scope', async () => {
    const door = await start(behindProxy)
    const reader = await door.open(remote)
    await reader.connect({ scopes: ['operator.read'] })
    await connectDevice(await door.open(remote), newDevice(), { ...cli, scopes: ['operator.read'] })
    await reader.request('health')
    expect(reader.frames.some((frame) => frame.event === 'device.pair.requested')).toBe(false)
  })

  it('closes a removed device at once and knows its token no more', async () => {
    const door = await start()
    const device = newDevice()
    const socket = await door.open()
    const hello = await connectDevice(socket, device, { ...cli })
    const { deviceToken } = (hello.payload as { auth: { deviceToken: string } }).auth
    await door.rooms.devices.remove(device.id)
    expect(await socket.ended()).toEqual({ code: 1008, reason: 'unauthorized: device token revoked' })
    expect(await connectDevice(await door.open(), device, { ...cli, auth: { deviceToken } })).toMatchObject({ ok: false })
  })
})

describe('after it', () => {
  it('answers malformed frames, unparsable text and unknown methods, and closes on a second connect', async () => {
    const door = await start()
    const socket = await door.open()
    await socket.connect()
    socket.send('not json')
    expect((await socket.response('invalid')).error?.message).toBe('invalid request frame: it is not valid JSON')
    socket.send({ type: 'nonsense', id: 'x' })
    expect((await socket.response('x')).error?.message).toMatch(/^invalid request frame: /)
    expect((await socket.request('no.such')).error).toEqual({ code: 'INVALID_REQUEST', message: 'unknown method: no.such' })
    expect((await socket.request('node.event')).error?.message).toBe('unauthorized role: operator')
    expect((await socket.connect()).error?.message).toBe('connect is only valid as the first request')
    expect((await socket.ended()).code).toBe(1008)
  })

  it('words bad params as clients compare them', async () => {
    const door = await start()
    const socket = await door.open()
    await socket.connect()
    expect((await socket.request('echo')).error?.message).toBe("invalid echo params: must have required property 'text'")
    expect((await socket.request('echo', { text: '', foo: 1 })).error?.message).toBe("invalid echo params: at root: unexpected property 'foo'; at /text: must not have fewer than 1 characters")
  })

  it('names the missing scope: INVALID_REQUEST for protocol 3, FORBIDDEN with details for 4', async () => {
    const door = await start()
    const four = await door.open()
    await four.connect({ scopes: ['operator.read'] })
    expect((await four.request('echo', { text: 'x' })).error).toEqual({ code: 'FORBIDDEN', message: 'missing scope: operator.write', details: { code: 'MISSING_SCOPE', missingScope: 'operator.write', requiredScopes: ['operator.write'] } })
    expect((await four.request('no.such')).error?.message).toBe('missing scope: operator.admin')
    const three = await door.open()
    await three.connect({ ...v3, scopes: ['operator.read'] })
    expect((await three.request('echo', { text: 'x' })).error).toMatchObject({ code: 'INVALID_REQUEST', message: 'missing scope: operator.write' })
    expect(await three.request('health')).toMatchObject({ ok: true })
  })

  it('asks the judge before administrative methods, and only before those', async () => {
    const door = await start()
    const socket = await door.open()
    await socket.connect()
    await socket.request('echo', { text: 'x' })
    expect(door.rooms.state.judged).toEqual([])
    door.rooms.state.verdict = () => ({ kind: 'deny', reason: 'Not today.' })
    expect((await socket.request('config.set')).error).toEqual({ code: 'FORBIDDEN', message: 'Not today.' })
    expect(door.rooms.state.judged).toMatchObject([{ principal: { id: 'owner' }, action: { kind: 'call-method', method: 'config.set' } }])
  })

  it('tells problems as they are and bugs without their inside', async () => {
    const door = await start()
    const socket = await door.open()
    await socket.connect()
    expect((await socket.request('fails.kindly')).error).toMatchObject({ code: 'INVALID_REQUEST', message: 'session not found' })
    const bug = await socket.request('fails.badly')
    expect(bug.error?.code).toBe('UNAVAILABLE')
    expect(JSON.stringify(bug)).not.toContain('shadow')
  })

  it('sends two answers for agent in order, never a third, and the last one again to a repeat', async () => {
    const door = await start()
    const socket = await door.open()
    await socket.connect()
    socket.send({ type: 'req', id: 'a', method: 'agent', params: { idempotencyKey: 'k' } })
    await socket.frame((frame) => frame.id === 'a' && (frame.payload as { status: string }).status === 'ok')
    const repeat = await socket.request('agent', { idempotencyKey: 'k' })
    expect(repeat.payload).toEqual({ runId: 'k', status: 'ok' })
    expect(socket.frames.filter((frame) => frame.id === 'a').map((frame) => (frame.payload as { status: string }).status)).toEqual(['accepted', 'ok'])
  })

  it('numbers events per connection from 1 and puts nothing else on a frame', async () => {
    let say = (_event: string, _payload: unknown): void => undefined
    const door = await start({ events: { names: () => [], start: (broadcast) => { say = (event, payload) => broadcast.toAll(event, (caller) => (caller.protocol === 3 ? payload : undefined)); return () => undefined } } })
    const three = await door.open()
    await three.connect({ ...v3, client: cli.client })
    const four = await door.open()
    await four.connect({ client: cli.client })
    say('chat', { n: 1 })
    say('chat', { n: 2 })
    await three.frame((frame) => frame.event === 'chat' && frame.seq === 2)
    expect(three.frames.filter((frame) => frame.event === 'chat')).toEqual([
      { type: 'event', event: 'chat', payload: { n: 1 }, seq: 1 }, { type: 'event', event: 'chat', payload: { n: 2 }, seq: 2 },
    ])
    await four.request('health')
    expect(four.frames.some((frame) => frame.event === 'chat')).toBe(false)
  })

  it('tells about presence of clients, but not of command lines', async () => {
    const door = await start()
    const watcher = await door.open()
    await watcher.connect({ client: cli.client })
    const socket = await door.open()
    await socket.connect({ client: { id: 'moltbot-macos', displayName: 'Studio', version: '1', platform: 'macOS', mode: 'ui', instanceId: 'mac-1' } })
    const presence = await watcher.event('presence')
    expect(presence['stateVersion']).toEqual({ presence: 2, health: 1 })
    const { presence: entries } = presence.payload as { presence: { host: string; reason: string }[] }
    expect(entries.map((entry) => [entry.host, entry.reason])).toEqual([['box', 'self'], ['Studio', 'connect']])
    socket.ws.close()
    await watcher.frame((frame) => frame.event === 'presence' && JSON.stringify(frame).includes('"disconnect"'))
  })

  it('says goodbye with shutdown and 1012', async () => {
    const door = await start()
    const three = await door.open()
    await three.connect(v3)
    const four = await door.open()
    await four.connect()
    await door.door.close({ reason: 'update' })
    expect((await three.event('shutdown')).payload).toEqual({ reason: 'update', restartExpectedMs: null })
    expect((await four.event('shutdown')).payload).toEqual({ reason: 'update' })
    expect((await three.ended()).code).toBe(1012)
  })
})
