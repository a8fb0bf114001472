import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { hang, say, waitFor } from '../fakes/model-servers/index.ts'
import { gate, hungUp, ownedBy1001, personAt, rowOf, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
let held = gate()
beforeAll(async () => {
  at = await startTestGateway({
    config: {
      ...ownedBy1001, channels: { telegram: { groupAllowFrom: [1001, 2002], groups: { '-1001': { requireMention: false } } } },
      messages: { queue: { debounceMs: 20 } },
    },
    telegramServer: { privacy: false },
  })
  olga = personAt(at, 1001, { name: 'Olga' })
})
afterAll(() => at.close())

beforeEach(async () => {
  held = gate()
  const mine = held
  at.model.use((request) => [...(request.lastUserText.includes('busy') ? [waitFor(mine.opened)] : []), say(`re: ${request.lastUserText}`)])
  await at.gateway.config.set('messages.queue.cap', 20)
  await at.gateway.config.set('messages.queue.drop', 'summarize')
})
const seenSince = (from: number): string[] => at.model.requests.slice(from).map((request) => request.lastUserText)
const endOf = async (messageId: number): Promise<string | null | undefined> => (await rowOf(at, { messageId }))?.end

it('followup: each message gets a turn of its own, in order', async () => {
  await olga.ask('/queue followup')
  const from = at.model.requests.length
  const sentBefore = at.telegram.sent.length
  await olga.hand('busy 1')
  await at.model.arrived(from + 1)
  await olga.hand('two')
  await olga.hand('three')
  held.open()
  await at.quiet()
  expect(seenSince(from)).toEqual(['busy 1', 'two', 'three'])
  expect(at.telegram.sent.slice(sentBefore).map((message) => message.text)).toEqual(['re: busy 1', 're: two', 're: three'])
})

it('collect: what arrives meanwhile becomes one turn', async () => {
  await olga.ask('/queue collect')
  const from = at.model.requests.length
  await olga.hand('busy 2')
  await at.model.arrived(from + 1)
  const one = await olga.hand('apples')
  const two = await olga.hand('pears')
  held.open()
  await at.quiet()
  expect(seenSince(from)).toEqual(['busy 2', 'apples\n\npears'])
  expect([await endOf(one.messageId), await endOf(two.messageId)]).toEqual(['answered', 'answered'])
})

it('interrupt: the running turn is dropped for the newest words', async () => {
  await olga.ask('/queue interrupt')
  at.model.use((request) => (request.lastUserText === 'a long story' ? [hang] : [say(`re: ${request.lastUserText}`)]))
  const from = at.model.requests.length
  const first = await olga.hand('a long story')
  await at.model.arrived(from + 1)
  const before = at.telegram.sent.length
  expect(await olga.chat('no, a short one')).toBe('re: no, a short one')
  await hungUp(at.model.requests[from])
  expect(at.telegram.sent.length).toBe(before + 1)
  expect(await endOf(first.messageId)).toBe('silent')
})

it('beyond the cap, messages are kept as one line each and their senders are answered by that turn', async () => {
  await olga.ask('/queue followup')
  await at.gateway.config.set('messages.queue.cap', 2)
  const from = at.model.requests.length
  await olga.hand('busy 3')
  await at.model.arrived(from + 1)
  const early = [await olga.hand('buy milk'), await olga.hand('buy bread')]
  await olga.hand('what do I need')
  await olga.hand('thanks')
  held.open()
  await at.quiet()
  const [, next, last] = seenSince(from)
  expect(next).toContain('- buy milk\n- buy bread')
  expect(next).toContain('what do I need')
  expect(last).toBe('thanks')
  for (const { messageId } of early) expect(await endOf(messageId)).toBe('merged')
})

it('drop new: beyond the cap the sender is told in words, and the row says so', async () => {
  await olga.ask('/queue followup')
  await at.gateway.config.set('messages.queue.cap', 1)
  await at.gateway.config.set('messages.queue.drop', 'new')
  const from = at.model.requests.length
  const before = at.telegram.sent.length
  await olga.hand('busy 4')
  await at.model.arrived(from + 1)
  await olga.hand('kept')
  const refused = await olga.hand('one too many')
  await at.telegram.until(() => at.telegram.sent.slice(before).some((message) => message.text.includes('the queue of this conversation is full')), 'the refusal', 60_000)
  held.open()
  await at.quiet()
  expect(seenSince(from)).toEqual(['busy 4', 'kept'])
  expect(await endOf(refused.messageId)).toBe('failed')
})

it('beyond the cap in a group, words of a second person are not forgotten when nothing else of theirs waits', async () => {
  await at.gateway.config.set('messages.queue.cap', 1)
  const group = at.telegram.group(-1001, { title: 'Household' })
  const bea = personAt(at, 2002, { name: 'Bea' })
  const from = at.model.requests.length
  await olga.hand('busy 5', { in: group })
  await at.model.arrived(from + 1)
  const beas = await bea.hand('is there cake', { in: group })
  await olga.hand('one more thing', { in: group })
  await olga.hand('and another', { in: group })
  held.open()
  await at.quiet()
  const texts = seenSince(from)
  expect(texts.filter((text) => text.includes('is there cake'))).toHaveLength(1)
  // Nobody's words are ever mixed into another person's turn.
  expect(texts.find((text) => text.includes('is there cake'))).toBe('[Bea] is there cake')
  expect(texts.find((text) => text.includes('and another'))).toContain('- one more thing')
  expect(['answered', 'merged']).toContain(await endOf(beas.messageId))
})
