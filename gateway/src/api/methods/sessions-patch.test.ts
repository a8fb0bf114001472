import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsPatch } from './sessions-patch.ts'

it('sets, keeps and clears settings', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(sessionsPatch, { key: 'main', label: 'Home', thinkingLevel: 'High', model: 'assistant', responseUsage: 'on', verboseLevel: 'on' }, rooms)).toMatchObject({
    ok: true, key: 'agent:main:main', resolved: { modelProvider: 'builtin', model: 'assistant' },
    entry: { label: 'Home', thinkingLevel: 'high', responseUsage: 'tokens', providerOverride: 'builtin', modelOverride: 'assistant', verboseLevel: 'on' },
  })
  const { entry } = await callMethod(sessionsPatch, { key: 'main', thinkingLevel: null, model: '' }, rooms)
  expect(entry).toMatchObject({ label: 'Home' })
  expect(entry).not.toHaveProperty('thinkingLevel')
  expect(entry).not.toHaveProperty('modelOverride')
})

it('settings without effect here change nothing of an existing session', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:main', { updatedAt: 5 })
  expect((await callMethod(sessionsPatch, { key: 'main', unread: false, expectedMarkedUnreadAt: null, pinned: true }, rooms)).entry.updatedAt).toBe(5)
})

it.each([
  [{ thinkingLevel: 'galaxy' }, 'invalid thinkingLevel (use off|minimal|low|medium|high|xhigh)'],
  [{ verboseLevel: 'loud' }, 'invalid verboseLevel (use off|on|full)'],
  [{ responseUsage: 'all' }, 'invalid responseUsage'],
  [{ sendPolicy: 'maybe' }, 'invalid sendPolicy (use allow|deny)'],
  [{ groupActivation: 'x' }, 'invalid groupActivation (use mention|always)'],
  [{ queueMode: 'x' }, 'invalid queueMode'],
  [{ model: 'nope' }, 'unknown model: nope'],
  [{ label: 'x'.repeat(513) }, 'invalid label'],
])('refuses %j', async (change, words) => {
  const rooms = await fakeRooms()
  await expect(callMethod(sessionsPatch, { key: 'main', ...change }, rooms)).rejects.toThrow(words)
  expect(rooms.state.sessions.size).toBe(0)
})

it('a label belongs to one session', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:other', { settings: { label: 'Home' } })
  await expect(callMethod(sessionsPatch, { key: 'main', label: 'Home' }, rooms)).rejects.toThrow('label already in use: Home')
})
