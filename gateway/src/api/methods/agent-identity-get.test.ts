import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { agentIdentityGet } from './agent-identity-get.ts'

it('by agent, by session, or the default one', async () => {
  const rooms = await fakeRooms()
  rooms.state.agents.push({ id: 'work', name: 'Clerk', emoji: null, workspace: '/w', isDefault: false })
  expect(await callMethod(agentIdentityGet, {}, rooms)).toEqual({ agentId: 'main', name: 'Molty', avatar: '🦞', emoji: '🦞' })
  expect(await callMethod(agentIdentityGet, { sessionKey: 'agent:work:main' }, rooms)).toEqual({ agentId: 'work', name: 'Clerk', avatar: 'C' })
  await expect(callMethod(agentIdentityGet, { agentId: 'nobody' }, rooms)).rejects.toThrow('unknown agent id')
})
