import { expect, it } from 'vitest'
import { FakeClock } from '@moltbot/contract/testing'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { tlsRotate } from './tls-rotate.ts'

it('asks for a new authority at the moment that was wished for, and writes down whose', async () => {
  const clock = new FakeClock()
  const rooms = await fakeRooms({ clock })
  const asked: number[] = []
  const facts = { source: 'generated' as const, fingerprint: 'AA', leafFingerprint: 'BB', authorityFile: '/authority.pem', names: [], expiresAt: 0 }
  rooms.rotateAuthority = async (from) => { asked.push(from); return { ...facts, next: { fingerprint: 'CC', from } } }
  const from = clock.now() + 14 * 86_400_000
  expect(await callMethod(tlsRotate, { afterDays: 14 }, rooms)).toEqual({ ok: true, fingerprint: 'AA', next: { fingerprint: 'CC', from } })
  expect(asked).toEqual([from])
  expect(rooms.state.audit.at(-1)).toMatchObject({ act: 'tls.authority-rotated', facts: { afterDays: 14, fingerprint: 'CC' } })
  rooms.rotateAuthority = async () => ({ ...facts, next: null })
  expect(await callMethod(tlsRotate, { afterDays: 0 }, rooms)).toEqual({ ok: true, fingerprint: 'AA', next: null })
})

it('says so where there is no certificate', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(tlsRotate, { afterDays: 0 }, rooms)).rejects.toMatchObject({ code: 'door-no-rotation' })
})
