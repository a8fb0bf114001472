import { expect, it } from 'vitest'
import { noUsage } from '@moltbot/contract'
import type { ChatRef, SessionKey, TurnId } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsList } from './sessions-list.ts'

const telegram = { channel: 'telegram', account: 'default', chat: '-100', kind: 'group', title: 'Family', thread: '3' } as unknown as ChatRef

it('rows carry what clients of both protocols show, the latest first', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:main', { updatedAt: 100, title: 'Plan the week', settings: { thinking: 'low', usageFooter: 'full' }, contextTokens: 12.6 })
  rooms.session('agent:main:telegram:group:-100', { updatedAt: 200, kind: 'group', lastChat: telegram, settings: { model: 'p/big', label: 'Home' }, usage: { ...noUsage, input: 7, output: 3 } })
  rooms.state.running = [{ id: 'tn1' as TurnId, key: 'agent:main:main' as SessionKey, startedAt: 150.2, model: null, messages: [] }]
  const answer = await callMethod(sessionsList, { includeGlobal: true, includeUnknown: false, limit: 120, ownerFirst: true, newerKey: 1 }, rooms)
  expect(answer).toMatchObject({ count: 2, totalCount: 2, hasMore: false, nextOffset: null, defaults: { modelProvider: 'builtin', model: 'assistant', contextTokens: 32_000 } })
  expect(answer.sessions).toMatchObject([
    {
      key: 'agent:main:telegram:group:-100', kind: 'group', chatType: 'group', label: 'Home', displayName: 'Home', subject: 'Family', channel: 'telegram', isMain: false,
      modelProvider: 'p', model: 'big', modelChosen: true, inputTokens: 7, outputTokens: 3, lastTo: '-100', lastAccountId: 'default',
      deliveryContext: { channel: 'telegram', to: '-100', accountId: 'default', threadId: '3' }, hasActiveRun: false,
    },
    {
      key: 'agent:main:main', kind: 'direct', derivedTitle: 'Plan the week', isMain: true, classification: 'main', thinkingLevel: 'low', responseUsage: 'full',
      totalTokens: 13, contextTokens: 32_000, hasActiveRun: true, activeRunIds: ['tn1'], status: 'running', startedAt: 150,
    },
  ])
})

it('filters and pages', async () => {
  const clock = new FakeClock(10_000_000)
  const rooms = await fakeRooms({ clock })
  for (let at = 0; at < 5; at += 1) rooms.session(`agent:main:s${at}`, { updatedAt: 10_000_000 - at * 60_000, settings: at === 2 ? { label: 'Two' } : {} })
  const keys = async (params: object) => (await callMethod(sessionsList, params, rooms)).sessions.map((row) => row.key.slice(11))
  expect(await keys({ limit: 2 })).toEqual(['s0', 's1'])
  expect(await keys({ limit: 2, offset: 4 })).toEqual(['s4'])
  expect(await keys({ activeMinutes: 1 })).toEqual(['s0', 's1'])
  expect(await keys({ label: 'Two' })).toEqual(['s2'])
  expect(await keys({ search: 'S3' })).toEqual(['s3'])
  expect(await keys({ agentId: 'other' })).toEqual([])
  expect(await keys({ spawnedBy: 'agent:main:main' })).toEqual([])
  expect(await keys({ archived: true })).toEqual([])
  expect(await keys({ archived: 'all' })).toHaveLength(5)
  expect(await callMethod(sessionsList, { limit: 2, offset: 2 }, rooms)).toMatchObject({ totalCount: 5, hasMore: true, nextOffset: 4, limitApplied: 2 })
})

it('shows the last words when asked', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:empty')
  rooms.entry('agent:main:main', { kind: 'assistant', message: { role: 'assistant', model: 'p/m', content: [{ type: 'text', text: `One\n\ntwo ${'🦞'.repeat(200)}` }] }, usage: noUsage, stop: 'end' })
  rooms.entry('agent:main:main', { kind: 'note', text: 'not this' })
  const rows = (await callMethod(sessionsList, { includeLastMessage: true }, rooms)).sessions
  const preview = rows.find((row) => row.isMain)?.lastMessagePreview ?? ''
  expect(preview.startsWith('One two 🦞')).toBe(true)
  expect(preview.endsWith('🦞…')).toBe(true)
  expect(preview.length).toBeLessThanOrEqual(120)
  expect(rows.find((row) => !row.isMain)).not.toHaveProperty('lastMessagePreview')
})
