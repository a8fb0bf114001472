import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { toolsList } from './tools-list.ts'

it('asks for the person named, else for the caller', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(toolsList, {}, rooms)).rejects.toMatchObject({ code: 'tools-absent' })
  rooms.tools = { list: async ({ agent, as }) => ({ agentId: agent ?? 'main', as, tools: [{ name: 'run', description: 'd', removedBy: 'tools.deny' }], unknown: [] }), catalog: () => ({ agentId: 'main', profile: 'standard', profiles: [], groups: [] }) }
  expect(await callMethod(toolsList, {}, rooms)).toEqual({ agentId: 'main', as: 'owner', tools: [{ name: 'run', description: 'd', removedBy: 'tools.deny' }], unknown: [] })
  expect(await callMethod(toolsList, { agentId: 'work', as: 'member' }, rooms)).toMatchObject({ agentId: 'work', as: 'member' })
})
