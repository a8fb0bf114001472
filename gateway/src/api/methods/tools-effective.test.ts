import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { toolsEffective } from './tools-effective.ts'

it('tells what a conversation has in its person\'s hands, and what took the rest away', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(toolsEffective, {}, rooms)).rejects.toMatchObject({ code: 'tools-absent' })
  const asked: unknown[] = []
  rooms.tools = {
    async list(request) {
      asked.push(request)
      return { agentId: 'main', as: request.as, tools: [{ name: 'read', description: 'd', removedBy: null }, { name: 'run', description: 'd', removedBy: 'tools.deny' }], unknown: [] }
    },
    catalog: () => ({ agentId: 'main', profile: 'standard', profiles: ['standard'], groups: [{ id: 'group:fs', tools: [{ name: 'read', description: 'd', profiles: ['standard'] }] }, { id: 'group:runtime', tools: [{ name: 'run', description: 'd', profiles: [] }] }] }),
  }
  const chat = { channel: 'telegram', account: 'default', chat: '-1', kind: 'group' } as never
  rooms.session('agent:main:telegram:group:-1', { principal: 'mia' as never, lastChat: chat })
  expect(await callMethod(toolsEffective, { sessionKey: 'agent:main:telegram:group:-1' }, rooms)).toMatchObject({
    agentId: 'main', profile: 'standard', groups: [{ id: 'fs', tools: [{ id: 'read' }] }], removed: [{ id: 'run', by: 'tools.deny' }],
  })
  expect(asked).toEqual([{ agent: 'main', as: 'mia', where: { session: 'agent:main:telegram:group:-1', chat } }])
  await callMethod(toolsEffective, {}, rooms)
  expect(asked.at(-1)).toMatchObject({ as: 'owner', where: { session: 'agent:main:main' } })
})
