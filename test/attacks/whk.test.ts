import { createHmac, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Value from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Connection } from '@moltbot/contract'
import { FakeClock, createTestHost, type TestHost } from '@moltbot/contract/testing'
import slack from '../../channels/slack/src/index.ts'
import telegram from '../../channels/telegram/src/index.ts'
import { createProxyAssertions } from '../../gateway/src/api/proxy-assertion.ts'
import { startSlackServer, type SlackServer } from '../fakes/slack-server/index.ts'
import { startTelegramServer, type TelegramServer } from '../fakes/telegram-server/index.ts'

/** Headers by which a proxy, or whoever plays one, says where a request was meant to go. */
const lies: readonly Record<string, string>[] = [
  { host: 'evil.example' }, { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }, { forwarded: 'host=evil.example;proto=https;for=127.0.0.1' }, { 'x-original-url': '/admin' }, { 'x-rewrite-url': '/admin' },
  { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' }, { 'x-http-method-override': 'GET' },
]
function post(url: string, headers: Record<string, string>, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers } }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    })
    call.once('error', reject)
    call.end(body)
  })
}

describe('WHK-07: addresses built from headers', () => {
  let telegramServer: TelegramServer
  let slackServer: SlackServer
  const connections: Connection[] = []
  let onTelegram: TestHost
  let onSlack: TestHost
  let hook: string
  let events: string
  beforeAll(async () => {
    const probe = await startTelegramServer()
    const { port } = probe
    await probe.close()
    hook = `http://127.0.0.1:${port}/telegram-webhook`
    telegramServer = await startTelegramServer()
    slackServer = await startSlackServer()
    onTelegram = createTestHost({ secrets: { botToken: telegramServer.token, webhookSecret: 'web-hook_secret' } })
    onSlack = createTestHost({ secrets: { botToken: slackServer.botToken, appToken: slackServer.appToken, signingSecret: slackServer.signingSecret } })
    connections.push(await telegram.connect(Value.Default(telegram.config.schema, { apiRoot: telegramServer.apiRoot, webhookUrl: hook, webhookPort: port }) as never, onTelegram))
    connections.push(await slack.connect(Value.Default(slack.config.schema, { apiRoot: slackServer.apiRoot, mode: 'http', webhookPort: 0 }) as never, onSlack))
    events = `http://127.0.0.1:${String(onSlack.log.lines.find(({ message }) => message.includes('the listener is open'))?.facts?.['port'])}/slack/events`
  })
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()))
    await Promise.all([telegramServer.close(), slackServer.close()])
  })

  it('WHK-07: what a header says of the address lets nothing in that is not signed, keeps nothing out that is, and is told to nobody', async () => {
    const person = slackServer.person('Anna')
    let id = 0
    for (const lie of lies) {
      id += 1
      const update = JSON.stringify({ update_id: id, message: { message_id: id, date: 1, chat: { id: 11, type: 'private', first_name: 'A' }, from: { id: 11, is_bot: false, first_name: 'A' }, text: `over Telegram ${id}` } })
      const delivery = JSON.stringify({ type: 'event_callback', team_id: slackServer.team, event_id: `Ev${id}`, event: { type: 'message', channel: slackServer.direct(person).id, channel_type: 'im', ts: `1700000000.${String(id).padStart(6, '0')}`, user: person.id, team: slackServer.team, text: `over Slack ${id}` } })
      const timestamp = String(Math.floor(Date.now() / 1_000))
      const signed = (text: string): Record<string, string> => ({ 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${createHmac('sha256', slackServer.signingSecret).update(text).digest('hex')}` })
      expect([lie, await post(hook, lie, update), await post(events, lie, delivery)]).toEqual([lie, 401, 401])
      // A signature over the address a header names is none.
      expect(await post(events, { ...lie, ...signed(`https://evil.example/slack/events${delivery}`) }, delivery)).toBe(401)
      expect([lie, await post(hook, { ...lie, 'x-telegram-bot-api-secret-token': 'web-hook_secret' }, update), await post(events, { ...lie, ...signed(`v0:${timestamp}:${delivery}`) }, delivery)]).toEqual([lie, 200, 200])
    }
    await onTelegram.until(() => onTelegram.taken.length === lies.length, 'all over Telegram')
    await onSlack.until(() => onSlack.taken.length === lies.length, 'all over Slack')
    const told = telegramServer.calls.filter(({ method }) => method === 'setWebhook').map(({ payload }) => payload['url'])
    expect(told).toEqual([hook])
  })
})

describe('WHK-08: tokens with tricks', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKey = { ...ec.publicKey.export({ format: 'jwk' }), kid: 'e1' }
  const clock = new FakeClock()
  clock.advance(1_700_000_000_000)
  let sink: Server
  let base: string
  const visits: string[] = []
  let keys = JSON.stringify({ keys: [publicKey] })
  beforeAll(async () => {
    sink = createServer((request, response) => {
      visits.push(request.url ?? '')
      response.end(request.url === '/keys' ? keys : JSON.stringify({ keys: [{ ...other.publicKey.export({ format: 'jwk' }), kid: 'e1' }] }))
    })
    await new Promise<void>((resolve) => { sink.listen(0, '127.0.0.1', resolve) })
    base = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise<void>((resolve) => { sink.close(() => resolve()) }))

  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = (more: object = {}): object => ({ iss: 'https://team.example', aud: 'app', exp: clock.now() / 1_000 + 300, email: 'ann@example.org', ...more })
  const token = (header: object = {}, payload: object = claims(), key: KeyObject = ec.privateKey): string => {
    const signed = `${encode({ alg: 'ES256', kid: 'e1', ...header })}.${encode(payload)}`
    return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }
  const reader = () => createProxyAssertions({ clock, readFile: () => Promise.reject(new Error('no file')), fetchKeys: async (url) => (await fetch(url.replace('https://keys.example', base))).text(), onFailure: () => undefined })
  const rules = { issuer: 'https://team.example', audience: ['app'], userClaim: 'email', jwksFile: '', jwksUrl: 'https://keys.example/keys' }

  it('WHK-08: of the one kind of token that is taken, a proxy\'s word about a person, none with a trick names anybody, and no address in it is visited', async () => {
    const assertions = reader()
    expect(await assertions.userOf(token(), rules)).toEqual({ user: 'ann@example.org' })
    const pem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const mac = (header: object): string => { const signed = `${encode(header)}.${encode(claims())}`; return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}` }
    const tricks = [
      ...['none', 'None', 'NONE', ''].map((alg) => `${encode({ alg, kid: 'e1' })}.${encode(claims())}.`), mac({ alg: 'HS256', kid: 'e1' }), mac({ alg: 'HS256' }),
      ...['../../../../dev/null', "x' UNION SELECT 'key", `${base}/evil`, 'file:///etc/passwd', '|id', '\0'].map((kid) => token({ kid }, claims(), other.privateKey)),
      ...['jku', 'x5u'].flatMap((name) => [token({ [name]: `${base}/evil` }, claims(), other.privateKey), token({ [name]: `${base}/evil` })]), token({ jwk: other.publicKey.export({ format: 'jwk' }) }, claims(), other.privateKey), token({ crit: ['exp'] }),
      token({}, claims({ exp: clock.now() / 1_000 - 3_600 })), token({}, claims({ exp: undefined })), token({}, claims({ aud: 'another' })), token({}, claims({ aud: undefined })), token({}, claims({ iss: 'https://team.example.evil.example' })), token({}, claims({ nbf: clock.now() / 1_000 + 3_600 })),
      token({}, claims(), other.privateKey),
    ]
    for (const trick of tricks) expect([trick, await assertions.userOf(trick, rules)]).toEqual([trick, { refused: expect.any(String) as string }])
    expect(visits.filter((path) => path !== '/keys')).toEqual([])
  })

  it('WHK-08: a set of keys of five megabytes is no set', async () => {
    keys = JSON.stringify({ keys: [publicKey], filling: 'x'.repeat(5_000_000) })
    expect(await reader().userOf(token(), rules)).toEqual({ refused: expect.any(String) as string })
    keys = JSON.stringify({ keys: [publicKey] })
  })

  it('WHK-08 twin: a reader that goes where the header says, and signs as it says, is caught by the same tokens', async () => {
    const careless = async (text: string): Promise<boolean> => {
      const [head = '', body = '', signature = ''] = text.split('.')
      const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string; jku?: string }
      if (header.alg === 'none') return true
      const found = JSON.parse(await (await fetch(header.jku ?? `${base}/keys`)).text()) as { keys: object[] }
      const pem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString()
      if (header.alg === 'HS256') return createHmac('sha256', pem).update(`${head}.${body}`).digest('base64url') === signature
      return verify('sha256', Buffer.from(`${head}.${body}`), { key: found.keys[0] as never, format: 'jwk', dsaEncoding: 'ieee-p1363' } as never, Buffer.from(signature, 'base64url'))
    }
    const before = visits.length
    const pem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const signed = `${encode({ alg: 'HS256' })}.${encode(claims())}`
    const taken = [await careless(`${encode({ alg: 'none' })}.${encode(claims())}.`), await careless(`${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`), await careless(token({ jku: `${base}/evil` }, claims(), other.privateKey))]
    expect(taken).toEqual([true, true, true])
    expect(visits.slice(before)).toContain('/evil')
  })
})
