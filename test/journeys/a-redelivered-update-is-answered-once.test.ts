import { afterAll, beforeAll, expect, it } from 'vitest'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001 })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

it('a message that Telegram delivers twice reaches the model once and is answered once, also after a restart', async () => {
  expect(await olga.chat('only once')).toBe('only once')
  const again = at.telegram.redeliver()
  await at.telegram.until(() => at.telegram.isConfirmed(again), 'the repetition to be accepted')
  await at.quiet()
  await at.restart()
  const later = at.telegram.redeliver()
  await at.telegram.until(() => at.telegram.isConfirmed(later), 'the late repetition to be accepted')
  await at.quiet()
  expect(at.model.requests).toHaveLength(1)
  expect(at.telegram.sent.map((message) => message.text)).toEqual(['only once'])
  // The next message is not taken for a repetition.
  expect(await olga.chat('another')).toBe('another')
})
