import { afterEach, expect, it } from 'vitest'
import { startDiscordServer, type DiscordServer } from './index.ts'

let server: DiscordServer
afterEach(() => server.close())

async function call(method: string, path: string, body?: unknown, token = server.token): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${server.apiRoot}/v10${path}`, {
    method, headers: { authorization: `Bot ${token}`, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) as Record<string, unknown> }
}

it('refuses what Discord refuses, so that a channel that gets it wrong is caught', async () => {
  server = await startDiscordServer()
  const chat = `/channels/${server.direct(server.person('Anna')).id}/messages`
  expect((await call('GET', '/users/@me', undefined, 'wrong')).status).toBe(401)
  expect(await call('POST', chat, { content: '  ' })).toMatchObject({ status: 400, body: { code: 50_006 } })
  expect(await call('POST', chat, { content: 'x'.repeat(2_001) })).toMatchObject({ status: 400, body: { code: 50_035 } })
  expect(await call('POST', chat, { content: 'x', nonce: 'n'.repeat(26) })).toMatchObject({ status: 400, body: { code: 50_035 } })
  expect(await call('POST', '/channels/123456789012345678/messages', { content: 'x' })).toMatchObject({ status: 404, body: { code: 10_003 } })
  expect(await call('PATCH', `${chat}/123456789012345678`, { content: 'x' })).toMatchObject({ status: 404, body: { code: 10_008 } })
  expect(server.sent).toEqual([])
})

it('makes one message of two with the same nonce only when it is asked to', async () => {
  server = await startDiscordServer()
  const chat = `/channels/${server.direct(server.person('Anna')).id}/messages`
  const [first, second] = [await call('POST', chat, { content: 'a', nonce: 'n', enforce_nonce: true }), await call('POST', chat, { content: 'a', nonce: 'n', enforce_nonce: true })]
  expect(second.body['id']).toBe(first.body['id'])
  expect((await call('POST', chat, { content: 'a', nonce: 'n' })).body['id']).not.toBe(first.body['id'])
})
