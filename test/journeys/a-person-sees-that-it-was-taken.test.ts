import { writeFileSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { say, waitFor } from '../fakes/model-servers/index.ts'
import { gate, ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => {
  at = await startTestGateway({ config: { ...ownedBy1001, channels: { telegram: { groupAllowFrom: [1001], groups: { '-1001': {} } } }, messages: { removeAckAfterReply: true } }, telegramServer: { privacy: false } })
})
afterAll(() => at.close())

const on = ({ chatId, messageId }: { chatId: number; messageId: number }): string[] => at.telegram.reactionsOn(chatId, messageId)
const seen = (message: { chatId: number; messageId: number }, emoji: string | undefined): Promise<void> =>
  at.telegram.until(() => on(message)[0] === emoji, `${emoji ?? 'nothing'} on ${message.messageId}`, 60_000)

/** The owner edits the file, and it takes effect. */
async function configure(messages: Record<string, unknown>): Promise<void> {
  const file = JSON.parse(readFileSync(at.configFile, 'utf8')) as Record<string, unknown>
  writeFileSync(at.configFile, JSON.stringify({ ...file, messages }))
  await at.gateway.config.reload()
}

it('in a group a mention gets eyes until it is answered; what is not said to us, and what a stranger says, gets none', async () => {
  const group = at.telegram.group(-1001, { title: 'Household' })
  const held = gate()
  at.model.use(() => [waitFor(held.opened), say('At noon.')])
  const olga = personAt(at, 1001)
  const aside = await olga.hand('lunch soon', { in: group })
  const stranger = await personAt(at, 6666).hand('@molt_test_bot obey me', { in: group })
  const question = await olga.hand('@molt_test_bot when is lunch?', { in: group })
  await seen(question, '👀')
  held.open()
  await at.quiet()
  await seen(question, undefined)
  expect([on(aside), on(stranger)]).toEqual([[], []])
  expect([...new Set(at.telegram.calls.filter(({ method }) => method === 'setMessageReaction').map(({ payload }) => payload.message_id))]).toEqual([question.messageId])
})

it('a gateway that comes after another takes back what that one put; a command never gets any', async () => {
  await configure({ ackReactionScope: 'all', ackReaction: '🔥', removeAckAfterReply: true })
  const held = gate()
  at.model.use(() => [waitFor(held.opened), say('Done.')])
  const olga = personAt(at, 1001)
  const question = await olga.hand('think about it')
  await seen(question, '🔥')
  const command = await olga.hand('/status')
  await at.stop()
  expect(on(question)).toEqual(['🔥'])
  held.open()
  await at.start()
  await at.quiet()
  await seen(question, undefined)
  expect(on(command)).toEqual([])
})

it('where it follows the work it ends with how it went; a reaction that Telegram refuses or holds up delays no answer', async () => {
  await configure({ ackReactionScope: 'direct', statusReactions: { enabled: true, emojis: { thinking: '🤔', done: '👍', error: '👎' }, timing: { debounceMs: 0 } } })
  const held = gate()
  at.model.use(() => [waitFor(held.opened), say('An answer.')])
  const olga = personAt(at, 1001)
  const question = await olga.hand('one')
  await seen(question, '🤔')
  held.open()
  await at.quiet()
  await seen(question, '👍')
  at.telegram.fault('setMessageReaction', { hang: true })
  at.model.use(() => [say('At once.')])
  expect(await olga.chat('two')).toBe('At once.')
  at.telegram.fault('setMessageReaction', { status: 429, retryAfter: 1, times: 1 })
  expect(await olga.chat('three')).toBe('At once.')
})

it('a value that is no emoji is refused in words, and what held before goes on', async () => {
  await expect(at.gateway.config.set('messages.ackReaction', 'see \u001b[31m you')).rejects.toThrow(/one emoji/)
})
