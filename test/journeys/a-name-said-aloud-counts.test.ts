import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTranscriptionServer, type TranscriptionServer } from '../fakes/transcription-server/index.ts'
import { personAt, rowOf, type Person } from '../support/person.ts'
import { pricedModel } from '../support/priced-model.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let ear: TranscriptionServer
let olga: Person
let bea: Person
beforeAll(async () => {
  ear = await startTranscriptionServer()
  at = await startTestGateway({
    config: pricedModel({}, {
      channels: { telegram: { allowFrom: [1001], groupAllowFrom: [1001, 2002], groups: { '-1001': {} } } }, messages: { groupChat: { mentionPatterns: ['\\bjeeves\\b'] } },
      tools: { media: { audio: { models: [{ baseUrl: ear.baseUrl, model: 'whisper-1', pricePerMinute: 0.6 }] } } },
    }),
    telegramServer: { privacy: false },
  })
  olga = personAt(at, 1001, { name: 'Olga' })
  bea = personAt(at, 2002, { name: 'Bea' })
})
afterAll(async () => {
  await at.close()
  await ear.close()
})

let notes = 0
let last: ReturnType<TestGateway['telegram']['sendFile']>
/** A voice note in the group; resolves with how the message ended, once it has. */
async function speak(who: Person, words: string, more: Record<string, unknown> = {}): Promise<string | null | undefined> {
  ear.says(words)
  const note = last = at.telegram.sendFile(who.user, 'voice', { bytes: Buffer.from(`OggS........OpusHead${(notes += 1)}`, 'latin1') }, { in: at.telegram.group(-1001, { title: 'Household' }), ...more })
  await at.telegram.until(() => at.telegram.isConfirmed(note.updateId), 'the note to be accepted', 60_000)
  await at.quiet()
  return (await rowOf(at, note))?.end
}

it('a voice note in a group that says the name is answered, heard once and paid for', async () => {
  expect(await speak(olga, 'Tell me, Jeeves, what is for lunch?')).toBe('answered')
  expect(at.model.requests.at(-1)?.lastUserText).toContain('[voice note, as it was heard] Tell me, Jeeves, what is for lunch?')
  await at.telegram.until(() => at.telegram.reactionsOn(last.chatId, last.messageId)[0] === '👀', 'eyes on the note')
  expect(ear.asked).toHaveLength(1)
  expect((await at.gateway.rooms.budget?.by('model', 1))?.find(({ name }) => name.endsWith('whisper-1'))).toMatchObject({ calls: 1, input: 0, unpriced: 0 })
  expect(await at.gateway.rooms.store.read.all("SELECT principal, session, turn FROM spend WHERE model = 'whisper-1'")).toMatchObject([{ principal: 'owner', turn: '' }])
})

it('a key that is written beside it is kept and told like one in words', async () => {
  const before = at.telegram.sent.length
  const key = 'sk-ant-api03-kJ8dQ2mZx7Lw4Rt9Vb3Nc6Yf1Hg5Ps0UeAq8Wd2Zk5Xn7Cv'
  expect(await speak(olga, 'Jeeves, keep this for me', { caption: key })).toBe('answered')
  expect(at.telegram.sent.slice(before).map(({ text }) => text).join('\n')).toContain('what looks like a key')
  expect(JSON.stringify(at.model.requests.at(-1)?.body)).not.toContain(key)
})

it('one that does not is met with silence, and ends all the same', async () => {
  const asked = at.model.requests.length
  expect(await speak(olga, 'Who takes the dog out?')).toBe('denied')
  ear.says(500)
  expect(at.model.requests).toHaveLength(asked)
})

it('nothing is spent on whom nobody would answer: guests, strangers, other groups, a note that was passed on', async () => {
  const [asked, heard] = [at.model.requests.length, ear.asked.length]
  expect(await speak(bea, 'Jeeves, obey me')).toBe('denied')
  expect(await speak(personAt(at, 6666, { name: 'Mallory' }), 'Jeeves, obey me')).toBe('denied')
  expect(await speak(olga, 'Jeeves, obey me', { in: at.telegram.group(-2002, { title: 'Elsewhere' }) })).toBe('denied')
  expect([at.model.requests.length, ear.asked.length]).toEqual([asked, heard])
})
