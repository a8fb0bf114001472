import { afterAll, beforeAll, expect, it } from 'vitest'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: { ...ownedBy1001, messages: { queue: { mode: 'followup' } } } })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())
const lastEnd = async (): Promise<Record<string, unknown> | undefined> => at.gateway.journey.store.read.get('SELECT end_state, end_detail FROM inbox ORDER BY received_at DESC, id DESC LIMIT 1')

it('markup that Telegram refuses is sent again as plain words', async () => {
  at.telegram.fault('sendMessage', { status: 400, description: "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 0" })
  const [message, ...more] = await olga.ask('say **this**')
  expect(more).toEqual([])
  expect(message?.parseMode).toBeUndefined()
  expect(message?.text).toContain('this')
})

it('429 and 5xx are waited out, each answer comes once and in order', async () => {
  const before = at.telegram.sent.length
  at.telegram.fault('sendMessage', { status: 429, description: 'Too Many Requests: retry after 1', retryAfter: 1 })
  at.telegram.fault('sendMessage', { status: 500, description: 'Internal Server Error', times: 2 })
  await olga.hand('one')
  await olga.hand('two')
  await olga.hand('three')
  await at.quiet()
  expect(at.telegram.sent.slice(before).map((message) => message.text)).toEqual(['one', 'two', 'three'])
})

it('an answer that Telegram took without saying so is sent once more and marked', async () => {
  at.telegram.fault('sendMessage', { acceptThenReset: true })
  const messages = await olga.ask('did it arrive?')
  expect(messages.map((message) => message.text)).toEqual(['did it arrive?', 'did it arrive?'])
  expect(await lastEnd()).toEqual({ end_state: 'answered', end_detail: 'delivery uncertain' })
  const [delivery] = await at.gateway.journey.store.read.all('SELECT id, state, resent FROM deliveries ORDER BY created_at DESC, id DESC LIMIT 1')
  expect(delivery).toMatchObject({ state: 'sent', resent: 1 })
  expect((await at.gateway.rooms.why(String(delivery?.['id'])))?.lines.join('\n')).toContain('sent again after an uncertain attempt')
})

it('twice without a word from Telegram it is left as uncertain, never sent a third time', async () => {
  at.telegram.fault('sendMessage', { acceptThenReset: true, times: 2 })
  const messages = await olga.ask('and this?')
  expect(messages).toHaveLength(2)
  expect(await lastEnd()).toEqual({ end_state: 'answered', end_detail: 'delivery uncertain' })
  expect(await olga.chat('still there?')).toBe('still there?')
})

it('who blocked the bot ends as failed, and nothing behind it is held up', async () => {
  at.telegram.block(1001)
  expect(await olga.ask('goodbye')).toEqual([])
  expect(await lastEnd()).toMatchObject({ end_state: 'failed', end_detail: expect.stringContaining('could not be delivered') as string })
  at.telegram.unblock(1001)
  expect(await olga.chat('I am back')).toBe('I am back')
})
