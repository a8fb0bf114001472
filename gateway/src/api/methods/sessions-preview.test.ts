import { expect, it } from 'vitest'
import type { ToolCallId } from '@moltbot/contract'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsPreview } from './sessions-preview.ts'

it('answers every key: ok, empty, missing or error', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:empty')
  rooms.entry('agent:main:main', { kind: 'user', message: { role: 'user', content: [{ type: 'text', text: 'x'.repeat(50) }] }, inbox: [] })
  rooms.entry('agent:main:main', { kind: 'tool-result', message: { role: 'tool', callId: 'c' as ToolCallId, name: 'read', content: [{ type: 'text', text: 'words' }], isError: false } })
  const answer = await callMethod(sessionsPreview, { keys: ['main', 'empty', 'gone', 'not a key'], maxChars: 20 }, rooms)
  expect(answer.previews).toEqual([
    { key: 'main', status: 'ok', items: [{ role: 'user', text: `${'x'.repeat(19)}…` }, { role: 'tool', text: 'words' }] },
    { key: 'empty', status: 'empty', items: [] },
    { key: 'gone', status: 'missing', items: [] },
    { key: 'not a key', status: 'error', items: [] },
  ])
})

it('looks at the first 64 keys only', async () => {
  const keys = Array.from({ length: 70 }, (_, at) => `s${at}`)
  expect((await callMethod(sessionsPreview, { keys }, await fakeRooms())).previews).toHaveLength(64)
  await expect(callMethod(sessionsPreview, { keys: [] }, await fakeRooms())).rejects.toThrow('invalid sessions.preview params')
})
