import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { configSchema } from './config-schema.ts'

it('gives every key a label, its help, and marks what is secret', async () => {
  const rooms = await fakeRooms()
  const schema = {
    type: 'object',
    properties: {
      database: { type: 'object', 'x-reload': 'restart', properties: {} },
      gateway: { type: 'object', properties: { port: { type: 'integer', description: 'Where it listens. Takes effect at the next start.' }, key: { type: 'string', writeOnly: true }, auth: { type: 'object', properties: { token: { type: 'string' } } } } },
      channels: { type: 'object', patternProperties: { '^.*$': { type: 'object', properties: { dmPolicy: { type: 'string' } } } } },
    },
  }
  rooms.config.schema = () => schema
  const answer = await callMethod(configSchema, {}, rooms)
  expect(answer.schema).toEqual(schema)
  expect(answer.uiHints).toMatchObject({
    'gateway.port': { label: 'Port', restart: true }, database: { restart: true }, 'gateway.key': { sensitive: true }, 'gateway.auth.token': { label: 'Token', sensitive: true }, 'channels.*.dmPolicy': { label: 'Dm policy' },
  })
  expect(answer.uiHints['gateway.port']).not.toHaveProperty('sensitive')
  expect(answer.uiHints['gateway.auth.token']).not.toHaveProperty('restart')
})

it('a schema that contains itself comes to an end', async () => {
  const rooms = await fakeRooms()
  const loop: Record<string, unknown> = { type: 'object' }
  loop['properties'] = { again: loop }
  rooms.config.schema = () => loop
  expect(Object.keys((await configSchema.handle({}, rooms, undefined as never)).uiHints).length).toBeLessThan(20)
})
