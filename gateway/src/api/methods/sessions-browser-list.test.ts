import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { signInRooms } from '../testing/sign-in-rooms.ts'
import { sessionsBrowserList } from './sessions-browser-list.ts'

it('tells the signed-in browsers in a person\'s words, and nothing that opens anything', async () => {
  const { rooms, firefox, chrome } = await signInRooms()
  const { browsers } = await callMethod(sessionsBrowserList, {}, rooms)
  expect(browsers.map(({ words, address }) => [words, address]).sort()).toEqual([['Chrome on macOS', '10.0.0.7'], ['Firefox on Linux', null]])
  for (const digest of [firefox.digest, chrome.digest]) expect(JSON.stringify(browsers)).not.toContain(digest)
})
