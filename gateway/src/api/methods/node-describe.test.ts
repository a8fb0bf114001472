import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { nodeRooms } from '../testing/node-rooms.ts'
import { nodeDescribe } from './node-describe.ts'

it('describes one of the caller\'s own; another person\'s is as unknown as none', async () => {
  const { rooms, page } = await nodeRooms()
  const nodeId = `page-${page.id}`
  expect(await callMethod(nodeDescribe, { nodeId }, rooms)).toMatchObject({ nodeId, platform: 'Linux', connected: true })
  for (const [id, caller] of [['page-none', fakeCaller()], [nodeId, fakeCaller({ principal: { id: 'mia' as never, role: 'member' } })]] as const) {
    await expect(callMethod(nodeDescribe, { nodeId: id }, rooms, caller)).rejects.toMatchObject({ message: 'unknown nodeId' })
  }
})
