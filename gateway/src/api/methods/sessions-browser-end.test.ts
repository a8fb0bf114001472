import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { signInRooms } from '../testing/sign-in-rooms.ts'
import { sessionsBrowserEnd } from './sessions-browser-end.ts'

it('signs out one, the others, or all, and tells whose it was', async () => {
  const { rooms, firefox, chrome } = await signInRooms()
  const told: string[] = []
  rooms.signIns.onEnd((digests) => told.push(...digests))
  const asChrome = fakeCaller({ signIn: { digest: chrome.digest } })
  expect(await callMethod(sessionsBrowserEnd, { others: true }, rooms, asChrome)).toEqual({ ok: true, ended: 1 })
  expect(told).toEqual([firefox.digest])
  await expect(callMethod(sessionsBrowserEnd, { id: firefox.id }, rooms)).rejects.toMatchObject({ code: 'sign-in-unknown' })
  await expect(callMethod(sessionsBrowserEnd, {}, rooms)).rejects.toMatchObject({ code: 'sign-in-which' })
  expect(await callMethod(sessionsBrowserEnd, { id: chrome.id }, rooms)).toEqual({ ok: true, ended: 1 })
  expect(await callMethod(sessionsBrowserEnd, { all: true }, rooms)).toEqual({ ok: true, ended: 0 })
})
