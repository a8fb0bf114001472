import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { nodeRooms } from '../testing/node-rooms.ts'
import { nodeEvent } from './node-event.ts'

it('a page says whether somebody looks at it; whatever else is told is taken and does nothing', async () => {
  const { rooms, page } = await nodeRooms()
  const seen = () => rooms.nodes.list(page.principal.id)[0]?.visible
  expect(await callMethod(nodeEvent, { event: 'node.visible', payload: { visible: false } }, rooms, page)).toEqual({ ok: true, handled: true })
  expect(seen()).toBe(false)
  await callMethod(nodeEvent, { event: 'node.visible', payload: { visible: true } }, rooms, fakeCaller())
  expect(seen()).toBe(false)
  for (const params of [{ event: 'node.visible', payload: { visible: 'yes' } }, { event: 'agent.request', payload: { message: 'do it' } }, { event: 'chat.subscribe', payloadJSON: null }]) {
    expect(await callMethod(nodeEvent, params, rooms, page)).toEqual({ ok: true, handled: false })
  }
  expect(seen()).toBe(false)
})
