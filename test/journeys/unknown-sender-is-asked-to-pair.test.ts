import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => { at = await startTestGateway() })
afterAll(() => at.close())

it('an unknown sender gets a code, the model hears nothing, and after approval the assistant answers', async () => {
  const anna = at.telegram.user(1001, { name: 'Anna' })
  at.telegram.say(anna, 'what is in my files?')
  const invitation = await at.telegram.nextSent((message) => message.chatId === 1001)
  expect(invitation.text).toMatch(/[A-HJ-NP-Z2-9]{8}/)
  at.telegram.say(anna, 'hello?')
  await at.quiet()
  expect(at.telegram.sent.filter((message) => message.chatId === 1001)).toHaveLength(1)
  expect(at.model.requests).toHaveLength(0)

  const client = await at.connect()
  const { requests } = await client.request('pairing.list', {}) as { requests: { channel: string; code: string }[] }
  expect(requests).toHaveLength(1)
  await client.request('pairing.approve', { channel: 'telegram', code: requests[0]?.code.toLowerCase() })
  at.telegram.say(anna, 'hello again')
  const answer = await at.telegram.nextSent((message) => message.text.includes('hello again'))
  expect(answer.chatId).toBe(1001)
  await at.quiet()
  expect(at.model.requests).toHaveLength(1)
  expect(at.model.requests[0]?.raw).not.toContain('what is in my files')
})
