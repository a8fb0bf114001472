import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { toolsCatalog } from './tools-catalog.ts'

it('tells every tool in its group', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(toolsCatalog, {}, rooms)).rejects.toMatchObject({ code: 'tools-absent' })
  rooms.tools = { list: async () => ({ agentId: 'main', as: 'owner', tools: [], unknown: [] }), catalog: (agent = 'main') => ({ agentId: agent, profile: 'standard', profiles: ['minimal', 'full'], groups: [{ id: 'group:fs', tools: [{ name: 'read', description: 'd', profiles: ['full'] }] }] }) }
  expect(await callMethod(toolsCatalog, { agentId: 'work' }, rooms)).toEqual({
    agentId: 'work', profiles: [{ id: 'minimal', label: 'minimal' }, { id: 'full', label: 'full' }],
    groups: [{ id: 'fs', label: 'fs', source: 'core', tools: [{ id: 'read', label: 'read', description: 'd', source: 'core', defaultProfiles: ['full'] }] }],
  })
})
