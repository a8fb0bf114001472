import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsSend } from './sessions-send.ts'

it('says something under a name of the gateway’s making', async () => {
  const rooms = await fakeRooms()
  const answer = await callMethod(sessionsSend, { key: 'agent:main:main', message: 'hi', thinking: 'low' }, rooms)
  expect(answer).toMatchObject({ status: 'started' })
  expect(rooms.fakeDoors.browser.submitted).toMatchObject([{ id: 'runId' in answer ? answer.runId : '', text: 'hi', wishes: { thinking: 'low' } }])
})
