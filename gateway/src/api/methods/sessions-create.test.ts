import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsCreate } from './sessions-create.ts'

it('makes a session with a key of its own and sends the first message', async () => {
  const rooms = await fakeRooms()
  const answer = await callMethod(sessionsCreate, { label: 'Trip', model: 'assistant', message: 'Where to?', idempotencyKey: 'K', fork: false }, rooms)
  expect(answer).toMatchObject({ ok: true, runStarted: true, runId: 'K', entry: { label: 'Trip' }, resolved: { modelProvider: 'builtin', model: 'assistant' } })
  expect(answer.key).toMatch(/^agent:main:dashboard:chat\d+$/)
  expect(rooms.fakeDoors.browser.submitted).toMatchObject([{ id: 'K', session: answer.key, text: 'Where to?' }])
})

it('two sessions never share a key; without a message nothing runs', async () => {
  const rooms = await fakeRooms()
  const [one, two] = [await callMethod(sessionsCreate, {}, rooms), await callMethod(sessionsCreate, {}, rooms)]
  expect(one.key).not.toBe(two.key)
  expect(one.runStarted).toBe(false)
  expect(rooms.fakeDoors.browser.submitted).toEqual([])
})

it('takes a key of the client’s and refuses unknown agents and models', async () => {
  const rooms = await fakeRooms()
  expect((await callMethod(sessionsCreate, { key: 'Work' }, rooms)).key).toBe('agent:main:work')
  await expect(callMethod(sessionsCreate, { agentId: 'nobody' }, rooms)).rejects.toThrow('unknown agent id')
  await expect(callMethod(sessionsCreate, { model: 'nope' }, rooms)).rejects.toThrow('unknown model: nope')
})
