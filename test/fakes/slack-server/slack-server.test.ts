import { afterEach, expect, it } from 'vitest'
import { startSlackServer, type SlackServer } from './index.ts'

let server: SlackServer
afterEach(() => server.close())

async function call(method: string, args: Record<string, string>, token = server.botToken): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.apiRoot}/${method}`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: new URLSearchParams(args) })
  return await response.json() as Record<string, unknown>
}

it('refuses what Slack refuses, so that a channel that gets it wrong is caught', async () => {
  server = await startSlackServer()
  const channel = server.direct(server.person('Anna')).id
  expect(await call('auth.test', {}, 'wrong')).toEqual({ ok: false, error: 'invalid_auth' })
  expect(await call('apps.connections.open', {})).toEqual({ ok: false, error: 'invalid_auth' })
  expect(await call('chat.postMessage', { channel, text: ' ' })).toEqual({ ok: false, error: 'no_text' })
  expect(await call('chat.postMessage', { channel: 'C1', text: 'x' })).toEqual({ ok: false, error: 'channel_not_found' })
  expect(await call('chat.postMessage', { channel, text: 'x', thread_ts: '1.1' })).toEqual({ ok: false, error: 'thread_not_found' })
  expect(await call('chat.update', { channel, ts: '1.1', text: 'x' })).toEqual({ ok: false, error: 'message_not_found' })
  expect(await call('users.info', { user: 'U1' })).toEqual({ ok: false, error: 'user_not_found' })
  expect(server.sent).toEqual([])
})

it('shows the key of a message only when it is asked for', async () => {
  server = await startSlackServer()
  const channel = server.direct(server.person('Anna')).id
  await call('chat.postMessage', { channel, text: 'x', metadata: JSON.stringify({ event_type: 'a', event_payload: { key: 'k' } }) })
  expect((await call('conversations.history', { channel }))['messages']).not.toMatchObject([{ metadata: {} }])
  expect((await call('conversations.history', { channel, include_all_metadata: 'true' }))['messages']).toMatchObject([{ metadata: { event_payload: { key: 'k' } } }])
})
