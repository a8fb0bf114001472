import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, ChannelId, MediaFrom, MediaRequest } from '@moltbot/contract'
import { createEgressWorld, otherPublicAddress, publicAddress, secretOf, type EgressWorld } from './foundation/egress/testing/egress-world.ts'
import { fetchMedia } from './fetch-media.ts'

let world: EgressWorld
beforeEach(async () => { world = await createEgressWorld() })
afterEach(() => world.close())

const from: MediaFrom = { hosts: ['cdn.example'] }
const get = (url: string, more: Partial<MediaRequest> = {}, where: MediaFrom = from) =>
  fetchMedia(world.egress, 'fake' as ChannelId, 'default' as AccountId, where, { url, bytesMax: 1_000, timeoutMs: 60_000, signal: new AbortController().signal, ...more })
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'it went through', (error: { code?: string }) => error.code ?? String(error))

describe('what comes with a message', () => {
  it('is fetched from its channel\'s own hosts, counted as its account\'s, with the token that a network puts into its address', async () => {
    const asked = await world.serve('cdn.example', (_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end('picture'))
    world.leaks.add('123456:the-token-of-the-bot')
    const media = await get('http://cdn.example/file/bot123456:the-token-of-the-bot/a.png', { secretHeader: { name: 'authorization', value: 'Bearer t' }, headers: { origin: 'https://web.example' } })
    expect([media.ok, media.contentType, Buffer.from(media.bytes).toString()]).toEqual([true, 'image/png', 'picture'])
    expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer t', origin: 'https://web.example' })
    expect((await world.egress.day(0)).rows).toMatchObject([{ host: 'cdn.example', agent: 'fake/default', use: 'media', connections: 1 }])
  })
  it('is not there when the network says so, and nothing but its answer is believed', async () => {
    await world.serve('cdn.example', (_, response) => response.writeHead(404).end('gone'))
    expect((await get('http://cdn.example/a')).ok).toBe(false)
  })
})

describe('a sender who names the place', () => {
  it.each([
    ['another host', 'http://sink.example/a', 'egress-host-refused'], ['a host below it', 'http://a.cdn.example/a', 'egress-host-refused'], ['a bare address', `http://${publicAddress}/a`, 'egress-host-refused'], ['this machine', 'http://127.0.0.1/a', 'egress-host-refused'],
    ['another port', 'http://cdn.example:8080/a', 'egress-port'], ['another scheme', 'file:///etc/passwd', expect.stringMatching(/^egress-/)], ['a name with words before an @', 'http://cdn.example@sink.example/a', expect.stringMatching(/^egress-/)],
  ])('reaches no %s', async (_what, url, code) => {
    world.names.set('sink.example', [otherPublicAddress])
    world.names.set('a.cdn.example', [otherPublicAddress])
    world.names.set('cdn.example', [publicAddress])
    expect(await codeOf(get(url))).toEqual(code)
    expect(world.opened).toEqual([])
  })
  it('reaches nothing near by a name that leads there, now or on the second look', async () => {
    for (const near of ['127.0.0.1', '10.0.0.5', '169.254.169.254', '::1', 'fd00::1', '203.0.114.7']) {
      world.names.set('cdn.example', [near])
      expect([near, await codeOf(get('http://cdn.example/a'))]).toEqual([near, 'egress-address-refused'])
    }
    let looks = 0
    world.names.set('cdn.example', () => [looks++ === 0 ? publicAddress : '127.0.0.1'])
    await codeOf(get('http://cdn.example/a'))
    expect(world.opened).toEqual([`${publicAddress}:80`])
  })
  it('leads nowhere by a redirect', async () => {
    await world.serve('cdn.example', (_, response) => response.writeHead(302, { location: 'http://cdn.example/b' }).end())
    expect(await codeOf(get('http://cdn.example/a'))).toBe('egress-redirect')
  })
  it('sends no more than is taken, whatever was announced, packed or not', async () => {
    await world.serve('cdn.example', (_, response) => response.writeHead(200).end(Buffer.alloc(1_001)))
    expect(await codeOf(get('http://cdn.example/a'))).toBe('egress-too-large')
  })
})

describe('the operator', () => {
  it('may have a server of their own nearby, and only that one is reached there', async () => {
    await world.serve('bot.lan', (_, response) => response.writeHead(200).end('picture'), { address: '127.0.0.1', port: 8081 })
    const own: MediaFrom = { hosts: [], own: 'http://bot.lan:8081' }
    expect((await get('http://bot.lan:8081/file/a', {}, own)).ok).toBe(true)
    expect((await get('http://localhost:8081/file/a', {}, { hosts: [], own: 'http://localhost:8081' }).catch((error: { code: string }) => error)) as unknown).toMatchObject({ code: 'egress-unresolved' })
    for (const other of ['http://bot.lan:8082/a', 'https://bot.lan:8081/a', 'http://other.lan:8081/a', 'http://localhost:8081/a']) expect([other, await codeOf(get(other, {}, own))]).toEqual([other, 'egress-address-refused'])
  })
  it('shuts hosts for media too, and a panic cuts them', async () => {
    await world.serve('cdn.example', (_, response) => response.writeHead(200).end('picture'))
    world.configure({ egress: { deny: ['cdn.example'] } })
    expect(await codeOf(get('http://cdn.example/a'))).toBe('egress-host-refused')
    // No list of theirs opens a host that is not the channel's.
    world.configure({ egress: { web: { allow: ['*'] } } })
    expect(await codeOf(get('http://sink.example/a'))).toBe('egress-host-refused')
    expect(await codeOf(get('http://cdn.example/a'))).toBe('it went through')
    world.egress.cut()
    expect(await codeOf(get('http://cdn.example/a'))).toBe('egress-off')
  })
  it('has no credential of theirs sent along', async () => {
    const asked = await world.serveTls('cdn.example', (_, response) => response.writeHead(200).end('x'))
    world.configure({ egress: { credentials: { mine: { host: 'cdn.example', value: '${X}', everyone: true } } } })
    world.secrets.set('egress.credentials.mine.value', secretOf('mine'))
    await get('https://cdn.example/a')
    expect(asked[0]?.headers['authorization']).toBeUndefined()
  })
})

it('without places of its own nothing is fetched', async () => {
  world.names.set('cdn.example', [publicAddress])
  expect(await codeOf(get('http://cdn.example/a', {}, { hosts: [] }))).toBe('egress-host-refused')
})

describe('a server of the operator’s own that is asked with words', () => {
  it('hears them, near as it may be; nobody else does', async () => {
    const own = await world.serve('daemon.example', (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
    const where = { hosts: ['cdn.example'], own: 'http://daemon.example' }
    expect((await get('http://daemon.example/rpc', { json: '{"a":1}' }, where)).ok).toBe(true)
    expect(own[0]).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } })
    expect(await codeOf(get('http://cdn.example/rpc', { json: '{"a":1}' }, where))).toBe('egress-host-refused')
    expect(await codeOf(get('http://daemon.example/rpc', { json: '{"a":1}' }))).toBe('egress-host-refused')
  })
})
