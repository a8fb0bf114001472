import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { nodeRooms } from '../testing/node-rooms.ts'
import { nodeList } from './node-list.ts'

it('lists what is connected of the caller\'s own, and nobody else\'s', async () => {
  const { rooms, page } = await nodeRooms()
  expect(await callMethod(nodeList, { includeDisabled: true }, rooms)).toMatchObject({ nodes: [{ nodeId: `page-${page.id}`, displayName: 'Chromium, Linux', commands: ['location.get', 'system.notify'], kind: 'page', visible: null, connected: true, paired: true }] })
  expect((await callMethod(nodeList, {}, rooms, fakeCaller({ principal: { id: 'mia' as never, role: 'member' } }))).nodes).toEqual([])
  page.leave()
  expect((await callMethod(nodeList, {}, rooms)).nodes).toEqual([])
})

it('is empty on a gateway without nodes', async () => {
  expect(await callMethod(nodeList, { agentId: 'main' }, await fakeRooms())).toEqual({ ts: expect.any(Number), nodes: [] })
})
