import { expect, it } from 'vitest'
import { callMethod, fakeCaller, settled } from '../testing/call-method.ts'
import { nodeRooms } from '../testing/node-rooms.ts'
import { wireErrorOf } from '../wire-error.ts'
import { nodeInvoke } from './node-invoke.ts'
import { nodeInvokeResult } from './node-invoke-result.ts'

const here = { lat: 52.5, lon: 13.4, accuracyMeters: 20, timestamp: 1_700_000_000_000 }
const wire = (error: unknown): unknown => wireErrorOf(error, 4)

it('asks the page in the client\'s name, whatever else the client says, and hands its answer on in both forms', async () => {
  const { rooms, page } = await nodeRooms()
  const nodeId = `page-${page.id}`
  const answer = callMethod(nodeInvoke, { nodeId, command: 'location.get', params: {}, idempotencyKey: 'k', asked: { by: 'agent', strange: false }, approved: true }, rooms)
  await settled()
  expect(page.heard).toMatchObject([{ event: 'node.invoke.request', payload: { nodeId, command: 'location.get', timeoutMs: 30_000, asked: { by: 'client', name: 'moltbot-control-ui' } } }])
  const id = String(page.heard[0]?.payload['id'])
  expect(await callMethod(nodeInvokeResult, { id, nodeId, ok: true, payload: here }, rooms, page)).toEqual({ ok: true })
  const payload = { ...here, isPrecise: true }
  expect(await answer).toEqual({ ok: true, nodeId, command: 'location.get', payload, payloadJSON: JSON.stringify(payload) })
})

it('what nobody may ask, and words that a command does not have, reach no page', async () => {
  const { rooms, page } = await nodeRooms()
  const ask = (command: string, params?: unknown, nodeId = `page-${page.id}`) => callMethod(nodeInvoke, { nodeId, command, idempotencyKey: 'k', ...(params === undefined ? {} : { params }) }, rooms).catch(wire)
  expect(await ask('system.run', { command: ['id'] })).toMatchObject({ code: 'INVALID_REQUEST', message: 'node command not allowed', details: { command: 'system.run' } })
  expect(await ask('clipboard.read')).toMatchObject({ code: 'INVALID_REQUEST', message: 'node command not allowed', details: { command: 'clipboard.read' } })
  expect(await ask('location.get', { approved: true, approvalDecision: 'allow-always' })).toMatchObject({ code: 'INVALID_REQUEST', details: { problem: 'node-params' } })
  expect(await ask('system.notify', { body: 'without a title' })).toMatchObject({ code: 'INVALID_REQUEST', details: { problem: 'node-params' } })
  expect(await ask('location.get', undefined, 'page-none')).toMatchObject({ code: 'UNAVAILABLE', message: 'node not connected', details: { code: 'NOT_CONNECTED' } })
  expect(await callMethod(nodeInvoke, { nodeId: `page-${page.id}`, command: 'location.get', idempotencyKey: 'k' }, rooms, fakeCaller({ principal: { id: 'mia' as never, role: 'member' } })).catch(wire)).toMatchObject({ message: 'node not connected' })
  expect(page.heard).toEqual([])
})

it('a no, silence and a page that goes are told in the family\'s words', async () => {
  const { rooms, page, clock } = await nodeRooms()
  const nodeId = `page-${page.id}`
  const ask = () => callMethod(nodeInvoke, { nodeId, command: 'location.get', idempotencyKey: 'k' }, rooms).catch(wire)
  const refused = ask()
  await settled()
  await callMethod(nodeInvokeResult, { id: String(page.heard[0]?.payload['id']), nodeId, ok: false, error: { code: 'UNAUTHORIZED', message: 'no' } }, rooms, page)
  expect(await refused).toMatchObject({ code: 'UNAVAILABLE', details: { nodeError: { code: 'UNAUTHORIZED' } } })
  const silent = ask()
  await settled()
  await clock.advance(30_000)
  expect(await silent).toMatchObject({ code: 'UNAVAILABLE', details: { nodeError: { code: 'TIMEOUT' } } })
  const gone = ask()
  await settled()
  page.leave()
  expect(await gone).toMatchObject({ code: 'UNAVAILABLE', details: { nodeError: { code: 'UNAVAILABLE' } } })
})
