import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { echoModel, say } from '../fakes/model-servers/index.ts'
import { startSpeechServer, type SpeechServer } from '../fakes/speech-server/index.ts'
import { startTranscriptionServer, type TranscriptionServer } from '../fakes/transcription-server/index.ts'
import type { SentMessage } from '../fakes/telegram-server/index.ts'
import { personAt, type Person } from '../support/person.ts'
import { pricedModel } from '../support/priced-model.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
let voice: SpeechServer
let ear: TranscriptionServer
/** What the model says when it shall tell an answer in short; undefined: the answer again, which is too long. */
let inShort: string | undefined
beforeAll(async () => {
  ;[voice, ear] = await Promise.all([startSpeechServer(), startTranscriptionServer()])
  const echo = echoModel()
  at = await startTestGateway({
    script: (request) => (inShort !== undefined && request.system.startsWith('Tell in short') ? [say(inShort)] : echo(request)),
    config: pricedModel({ perTurn: 0.5 }, {
      tools: { media: { audio: { models: [{ baseUrl: ear.baseUrl, model: 'whisper-1' }] } } },
      messages: { tts: { openai: { baseUrl: voice.baseUrl, apiKey: 'speech-key-12345', voice: 'onyx', pricePer1000: 0.5 }, local: { command: '/nowhere/speaker' } } },
    }),
  })
  olga = personAt(at, 1001, { name: 'Olga' })
})
afterAll(async () => {
  await at.close()
  await Promise.all([voice.close(), ear.close()])
})
beforeEach(() => voice.behaves('speaks'))

const shape = ({ text, file }: SentMessage): [string, string | undefined] => [text, file?.as]
const bigger = 'A sentence that is as long as this one here is said aloud. '

it('nothing is spoken where nobody asked for it, and a person chooses in their chat', async () => {
  expect((await olga.ask('good morning to you')).map(shape)).toEqual([['good morning to you', undefined]])
  expect(voice.asked).toEqual([])
  expect(await olga.chat('/tts')).toMatch(/^I answer in text here\.\nopenai speaks \(gpt-4o-mini-tts\)/)
  expect(await olga.chat('/tts always')).toContain('voice notes')
})

it('an answer goes out as a voice note, by who is configured, and is paid for', async () => {
  const before = at.gateway.rooms.budget?.caps()[0]?.spentUsd ?? 0
  expect((await olga.ask('good morning to you')).map(shape)).toEqual([['', 'voice']])
  expect(voice.asked.at(-1)).toEqual({ text: 'good morning to you.', voice: 'onyx', model: 'gpt-4o-mini-tts', format: 'opus', key: 'Bearer speech-key-12345' })
  const rows = await at.gateway.rooms.store.read.all("SELECT * FROM spend WHERE provider = 'openai'")
  expect(rows).toMatchObject([{ model: 'gpt-4o-mini-tts', cost: 10_000, input: 0, principal: 'owner' }])
  expect(at.gateway.rooms.budget?.caps()[0]?.spentUsd).toBeGreaterThan(before + 0.009)
})

it('what cannot be said, and what is too long, stands beside it', async () => {
  expect((await olga.ask('see [the guide](https://example.org/a)')).map(shape)).toEqual([['see the guide', undefined], ['', 'voice']])
  expect(voice.asked.at(-1)?.text).toBe('see the guide.')
  await olga.chat('/tts limit 200')
  const [words, sound] = await olga.ask(bigger.repeat(5).trim())
  expect([words?.text, sound?.file?.as]).toEqual([bigger.repeat(5).trim(), 'voice'])
  expect(voice.asked.at(-1)?.text).toBe(`${bigger.repeat(2).trim()}\nThe rest is in the text.`)
  inShort = 'In short: **it is said aloud.**'
  expect((await olga.ask(bigger.repeat(5).trim())).map(shape)).toEqual([[bigger.repeat(5).trim(), undefined], ['', 'voice']])
  expect(voice.asked.at(-1)?.text).toBe('In short: it is said aloud.\nThe whole of it is in the text.')
  inShort = undefined
  await olga.chat('/tts summary off')
  expect((await olga.ask(bigger.repeat(5).trim())).map(shape)).toEqual([[bigger.repeat(5).trim(), undefined]])
  expect((await olga.ask('ok')).map(shape)).toEqual([['ok', undefined]])
})

it.each([[500, 'answered with HTTP 500.'], ['chats', 'gave no sound.']] as const)('the text is never lost: %s', async (how, why) => {
  voice.behaves(how)
  const answer = await olga.chat('good morning to you')
  expect(answer).toMatch(/^good morning to you\n\n\(As text: /)
  expect(answer).toContain(why)
})

it('there is no voice without money for it, and the text goes out', async () => {
  await olga.chat('/tts limit 1200')
  expect(await olga.chat(bigger.repeat(19).trim())).toMatch(/\(As text: the cap for one turn of \$0\.50 leaves no room/)
})

it('a client has words spoken: in the form of a network, paid for and on record, and not while everything is held', async () => {
  voice.behaves('speaks')
  const client = await at.connect()
  const plain = await client.request('tts.convert', { text: '**good** morning' })
  expect([plain['outputFormat'], plain['voiceCompatible'], voice.asked.at(-1)?.text, voice.asked.at(-1)?.format]).toEqual(['mp3', false, 'good morning.', 'mp3'])
  await vi.waitFor(() => expect(at.gateway.rooms.connections.of({ channel: 'telegram' as never, account: 'default' as never })).toBeDefined(), { timeout: 60_000 })
  const note = await client.request('tts.convert', { text: 'good morning', channel: 'telegram' })
  expect(note).toMatchObject({ provider: 'openai', outputFormat: 'opus', voiceCompatible: true })
  expect(readFileSync(String(note['audioPath'])).includes('OpusHead')).toBe(true)
  await vi.waitFor(async () => expect(await at.gateway.rooms.store.read.all("SELECT channel, principal, cost FROM spend WHERE provider = 'openai' AND turn = '' ORDER BY id")).toEqual([
    { channel: '', principal: 'owner', cost: 6_500 }, { channel: 'telegram', principal: 'owner', cost: 6_500 },
  ]), { timeout: 60_000 })
  expect(await at.gateway.rooms.store.read.get("SELECT COUNT(*) AS n FROM audit WHERE act = 'file.spoken'")).toEqual({ n: 2 })
  await expect(client.request('tts.convert', { text: ' ' })).rejects.toThrow('nothing in it')
  await at.gateway.rooms.config.set('budgets.daily', 0.0001)
  await expect(client.request('tts.convert', { text: 'good morning' })).rejects.toThrow('The daily cap')
  await at.gateway.rooms.config.set('budgets.daily', 'off')
  await client.request('pause', {})
  await expect(client.request('tts.convert', { text: 'good morning' })).rejects.toThrow('Everything is held')
  await client.request('resume', {})
})

it('with `inbound` a voice note is answered with one, and words with words', async () => {
  await olga.chat('/tts inbound')
  ear.says('how are you today?')
  const before = at.telegram.sent.length
  const note = at.telegram.sendFile(olga.user, 'voice', { bytes: Buffer.from('OggS........OpusHead', 'latin1') })
  await at.telegram.until(() => at.telegram.isConfirmed(note.updateId), 'the note to be accepted', 60_000)
  await at.quiet()
  expect(at.telegram.sent.slice(before).map(({ file }) => file?.as)).toContain('voice')
  expect((await olga.ask('good morning to you')).map(shape)).toEqual([['good morning to you', undefined]])
})

it('with `tagged` the assistant marks what is better heard, and its marks are not shown', async () => {
  await olga.chat('/tts tagged')
  expect((await olga.ask('plain words for you')).map(shape)).toEqual([['plain words for you', undefined]])
  expect(JSON.stringify(at.model.requests.at(-1)?.body ?? at.model.requests.at(-1))).toContain('[[tts]]')
  expect((await olga.ask('[[tts]]good morning to you')).map(shape).at(-1)).toEqual(['', 'voice'])
  expect(voice.asked.at(-1)?.text).toBe('good morning to you.')
  const [words] = await olga.ask('The list. [[tts:text]]Here is your list, enjoy.[[/tts:text]]')
  expect(words?.text).toBe('The list.')
  expect(voice.asked.at(-1)?.text).toBe('Here is your list, enjoy.')
})

it('`/tts audio` says something once', async () => {
  await olga.chat('/tts off')
  expect((await olga.ask('/tts audio good night to you')).map(shape)).toEqual([['', 'voice']])
  expect((await olga.ask('good night to you')).map(shape)).toEqual([['good night to you', undefined]])
  expect(await olga.chat('/tts loud')).toContain('is nothing I know here')
})
