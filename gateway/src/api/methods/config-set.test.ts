import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { configSet } from './config-set.ts'

it('writes the whole file against the hash it was based on', async () => {
  const rooms = await fakeRooms()
  const { hash } = rooms.config.snapshot()
  expect(await callMethod(configSet, { raw: '{"a":1}', baseHash: hash }, rooms)).toMatchObject({ ok: true, config: { a: 1 }, hash: 'hash-1', restart: { mode: 'hot' } })
  await expect(callMethod(configSet, { raw: '{"a":2}', baseHash: hash }, rooms)).rejects.toThrow('config changed since last load; re-run config.get and retry')
  await expect(callMethod(configSet, { raw: '{"a":2}' }, rooms)).rejects.toThrow('config base hash required; re-run config.get and retry')
  await expect(callMethod(configSet, { raw: 'nonsense', baseHash: 'hash-1' }, rooms)).rejects.toMatchObject({ message: 'invalid config', details: { issues: [{ message: 'not JSON' }] } })
  expect(rooms.state.config).toEqual({ a: 1 })
})

it('a file that does not exist yet needs no hash', async () => {
  const rooms = await fakeRooms()
  const snapshot = { ...rooms.config.snapshot(), exists: false, hash: undefined }
  rooms.config.snapshot = () => snapshot
  await callMethod(configSet, { raw: '{"a":1}' }, rooms)
  expect(rooms.state.config).toEqual({ a: 1 })
})

it('sets and unsets one key', async () => {
  const rooms = await fakeRooms()
  await callMethod(configSet, { path: 'logging.level', value: 'debug' }, rooms)
  expect(rooms.state.config).toEqual({ logging: { level: 'debug' } })
  await callMethod(configSet, { path: 'logging.level' }, rooms)
  expect(rooms.state.config).toEqual({ logging: {} })
})

it('wants one of the two', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(configSet, {}, rooms)).rejects.toThrow('either raw or path')
  await expect(callMethod(configSet, { raw: '{}', path: 'a' }, rooms)).rejects.toThrow('either raw or path')
})
