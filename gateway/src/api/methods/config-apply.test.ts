import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { configApply } from './config-apply.ts'

it('writes the whole file; nothing has to restart', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(configApply, { raw: '{"a":1}', baseHash: 'hash-0', sessionKey: 'main', note: 'x', restartDelayMs: 10 }, rooms)).toMatchObject({ ok: true, config: { a: 1 }, restart: { ok: true, delayMs: 0 }, sentinel: null })
  await expect(callMethod(configApply, { raw: '{}' }, rooms)).rejects.toThrow('config base hash required')
})
