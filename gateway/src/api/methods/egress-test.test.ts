import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { egressTest } from './egress-test.ts'

it('tries an address for a use and an agent that exist', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(egressTest, { url: 'https://a.example' }, rooms)).rejects.toMatchObject({ message: expect.stringContaining('reaches nothing') })
  const asked: unknown[] = []
  rooms.egress = { day: () => Promise.reject(new Error('not asked')), test: async (...given) => { asked.push(given); return { allowed: true, host: 'a.example', port: 443, addresses: [], rule: '*', code: null, reason: null } } }
  expect(await callMethod(egressTest, { url: 'https://a.example' }, rooms)).toMatchObject({ allowed: true, rule: '*' })
  await callMethod(egressTest, { url: 'https://a.example', use: 'commands', agent: 'main' }, rooms)
  expect(asked).toEqual([['https://a.example', 'web', 'main'], ['https://a.example', 'commands', 'main']])
  await expect(callMethod(egressTest, { url: 'https://a.example', agent: 'nobody' }, rooms)).rejects.toMatchObject({ message: expect.stringContaining('no agent called') })
})
