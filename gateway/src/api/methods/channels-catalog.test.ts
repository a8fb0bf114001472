import { defineSection, Secret, type Channel } from '@moltbot/contract'
import { Type } from 'typebox'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { channelsCatalog } from './channels-catalog.ts'

const pigeons = {
  id: 'pigeons', label: 'Pigeon Post', senders: 'platform', connect: () => Promise.reject(new Error('not in this test')),
  config: defineSection({
    path: 'channels.pigeons', title: 'Pigeons of your own', reload: 'reconnect', secrets: ['ring', 'accounts.*.ring'],
    schema: Type.Object({ enabled: Type.Boolean({ default: true }), ring: Type.Optional(Type.String({ description: 'The number on the ring.' })), dmPolicy: Type.String({ default: 'pairing' }), requireMention: Type.Boolean({ default: true }) }),
  }),
} as unknown as Channel

it('names what each network needs and whether it is there, without a value', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeons, { ...pigeons, id: 'web', senders: 'authenticated' } as unknown as Channel]
  rooms.state.secrets.set('channels.pigeons.ring', new Secret('ring', 'DE-0815'))
  const answer = await callMethod(channelsCatalog, {}, rooms)
  expect(answer.channels).toEqual([{
    id: 'pigeons', label: 'Pigeon Post', title: 'Pigeons of your own', path: 'channels.pigeons', enabled: true, login: false, loginByNumber: false,
    tokens: [{ key: 'ring', help: 'The number on the ring.', set: true }], policies: { dmPolicy: 'pairing', requireMention: true },
  }])
  expect(JSON.stringify(answer)).not.toContain('0815')
})

it('a reference that leads nowhere is no login', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeons]
  rooms.config.secrets.get = () => Promise.reject(new Error('${secret:gone} stands nowhere'))
  expect((await callMethod(channelsCatalog, {}, rooms)).channels[0]?.tokens).toEqual([expect.objectContaining({ set: false })])
})
