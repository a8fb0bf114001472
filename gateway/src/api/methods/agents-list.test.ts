import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { agentsList } from './agents-list.ts'

it('lists agents and says which one is the default', async () => {
  expect(await callMethod(agentsList, {}, await fakeRooms())).toMatchObject({
    defaultId: 'main', mainKey: 'main', scope: 'per-sender',
    agents: [{ id: 'main', name: 'Molty', identity: { name: 'Molty', emoji: '🦞', avatar: '🦞' }, model: { primary: 'builtin/assistant', fallbacks: [] } }],
  })
})
