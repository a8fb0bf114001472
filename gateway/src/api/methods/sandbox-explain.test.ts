import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sandboxExplain } from './sandbox-explain.ts'

it('tells what isolates and what is weaker; without any it says so', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(sandboxExplain, {}, rooms)).rejects.toMatchObject({ code: 'sandbox-unavailable' })
  const facts = { backend: 'bwrap', available: true, reason: null, remedy: null, scope: 'agent', workspaceAccess: 'rw', network: 'none', promises: ['p'], weaker: ['w'], profile: 'f'.repeat(64) } as const
  rooms.sandbox = { explain: async () => facts, probe: async () => [] }
  expect(await callMethod(sandboxExplain, {}, rooms)).toEqual(facts)
})
