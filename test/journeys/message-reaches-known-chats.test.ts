import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
let bea: Person
beforeAll(async () => {
  at = await startTestGateway({ config: { commands: { ownerAllowFrom: ['telegram:1001'] }, channels: { telegram: { dmPolicy: 'allowlist', allowFrom: [1001, 2002] } } } })
  olga = personAt(at, 1001)
  bea = personAt(at, 2002)
  await bea.chat('hello')
})
afterAll(() => at.close())
beforeEach(() => at.quiet())

const told = (request: { messages: { role: string; text: string }[] }) => [say(`END ${request.messages.at(-1)?.text ?? ''}`)]
async function answer(person: Person, words: string, pattern: RegExp): Promise<string> {
  const next = at.telegram.nextSent((message) => message.chatId === person.user.id && pattern.test(message.text))
  person.write(words)
  return (await next).text
}
const codeIn = (text: string): string => /\/approve ([A-Z0-9]{4})/.exec(text)?.[1] ?? ''

it('words to its own conversation need no question, and the same words go out once in a turn', async () => {
  const send = [callTool('message', { action: 'send', text: 'By the way: tea.' })]
  at.model.use(inOrder(send, [callTool('message', { action: 'send', text: 'By the way: tea.' })], told))
  expect(await olga.chat('go')).toContain('already')
  expect(at.telegram.sent.filter(({ text }) => text === 'By the way: tea.')).toHaveLength(1)
})

it('words to somebody else go out after a yes that names them; without one nothing is sent', async () => {
  at.model.use(inOrder([callTool('message', { action: 'send', to: 'telegram:2002', text: 'Dinner at eight.' })], told))
  const asked = await answer(olga, 'tell Bea', /\/approve [A-Z0-9]{4}/)
  expect(asked).toContain('telegram:2002')
  expect(at.telegram.sent.some(({ text }) => text === 'Dinner at eight.')).toBe(false)
  const arrives = at.telegram.nextSent((message) => message.chatId === bea.user.id && message.text === 'Dinner at eight.')
  await answer(olga, `/approve ${codeIn(asked)}`, /END Sent/)
  await arrives
})

it('a member writes to nobody else, and nobody is made up', async () => {
  at.model.use(inOrder([callTool('message', { action: 'send', to: 'telegram:1001', text: 'x' })], told))
  expect(await bea.chat('tell Olga')).toMatch(/END Refused/)
  at.model.use(inOrder([callTool('message', { action: 'send', to: 'telegram:9999', text: 'x' })], told))
  const asked = await answer(olga, 'tell a stranger', /\/approve [A-Z0-9]{4}/)
  expect(await answer(olga, `/approve ${codeIn(asked)}`, /END/)).toContain('Nobody here is known')
})

it('a message of ours is changed and taken back', async () => {
  at.model.use(inOrder([callTool('message', { action: 'send', text: 'Frist draft' })], (request) => {
    const id = /message (\S+)\.$/.exec(request.messages.at(-1)?.text ?? '')?.[1] ?? ''
    return [callTool('message', { action: 'edit', id, text: 'First draft' })]
  }, told))
  expect(await olga.chat('go')).toContain('END Changed.')
  at.model.use(inOrder([callTool('message', { action: 'delete', id: 'de-unknown' })], told))
  expect(await olga.chat('take it back')).toContain('no message de-unknown of ours')
})

it('a message is pinned and a sticker goes out where the turn belongs; a sticker for somebody else is asked about first', async () => {
  const { updateId, fileId } = at.telegram.sendSticker(olga.user, '😎')
  await at.telegram.until(() => at.telegram.isConfirmed(updateId), 'the sticker to be taken')
  await at.quiet()
  at.model.use(inOrder([callTool('message', { action: 'pin' })], [callTool('message', { action: 'sticker', text: '😎' })], told))
  expect(await olga.chat('pin this')).toContain('END Sent to telegram:1001.')
  expect(at.telegram.pinnedIn(olga.user.id)).toHaveLength(1)
  expect(at.telegram.sent.some(({ sticker, chatId }) => sticker === fileId && chatId === olga.user.id)).toBe(true)
  at.model.use(inOrder([callTool('message', { action: 'sticker', text: '😎', to: 'telegram:2002' })], told))
  expect(await answer(olga, 'and to Bea', /\/approve [A-Z0-9]{4}/)).toContain('telegram:2002')
  expect(at.telegram.sent.some(({ sticker, chatId }) => sticker !== undefined && chatId === bea.user.id)).toBe(false)
})
