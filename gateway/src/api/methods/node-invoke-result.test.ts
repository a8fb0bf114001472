import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { nodeRooms } from '../testing/node-rooms.ts'
import { nodeInvokeResult } from './node-invoke-result.ts'

const here = { lat: 52.5, lon: 13.4, accuracyMeters: 20, timestamp: 1_700_000_000_000 }

it('takes an answer once, also as JSON in a text; a second one, one of another connection and one to no question are ignored', async () => {
  const { rooms, page } = await nodeRooms()
  const nodeId = `page-${page.id}`
  const given = rooms.nodes.use({ principal: page.principal.id, node: nodeId, wish: { command: 'location.get' }, by: { kind: 'client', name: 'a program' }, timeoutMs: 1_000 }, new AbortController().signal)
  const id = String(page.heard[0]?.payload['id'])
  const say = (answer: object, caller = page) => callMethod(nodeInvokeResult, { id, nodeId, ok: true, ...answer }, rooms, caller)
  expect(await say({ payload: here }, fakeCaller())).toEqual({ ok: true, ignored: true })
  expect(await say({ payload: here, id: 'never' })).toEqual({ ok: true, ignored: true })
  expect(await say({ payloadJSON: JSON.stringify(here), error: null })).toEqual({ ok: true })
  expect(await say({ payload: { ...here, lat: 1 } })).toEqual({ ok: true, ignored: true })
  expect(await given).toMatchObject({ lat: 52.5 })
})

it('JSON that is none ends the question as an answer that does not fit', async () => {
  const { rooms, page } = await nodeRooms()
  const nodeId = `page-${page.id}`
  const given = rooms.nodes.use({ principal: page.principal.id, node: nodeId, wish: { command: 'location.get' }, by: { kind: 'client', name: 'a program' }, timeoutMs: 1_000 }, new AbortController().signal)
  const refused = expect(given).rejects.toMatchObject({ code: 'node-answer-invalid' })
  await callMethod(nodeInvokeResult, { id: String(page.heard[0]?.payload['id']), nodeId, ok: true, payloadJSON: '{"lat":' }, rooms, page)
  await refused
})
