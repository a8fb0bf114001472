import { afterAll, beforeAll, expect, it } from 'vitest'
import { startBlueBubblesServer, type BlueBubblesServer } from '../fakes/bluebubbles-server/index.ts'
import { say } from '../fakes/model-servers/index.ts'
import { startSignalServer, type SignalGroup, type SignalPerson, type SignalServer } from '../fakes/signal-server/index.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

const olgasNumber = '+4915550101'
let signal: SignalServer
let mac: BlueBubblesServer
let at: TestGateway
let olga: SignalPerson
let household: SignalGroup
beforeAll(async () => {
  signal = await startSignalServer()
  mac = await startBlueBubblesServer()
  olga = signal.person('Olga', { number: olgasNumber })
  household = signal.group('household')
  at = await startTestGateway({
    telegram: false,
    config: {
      channels: {
        signal: { enabled: true, httpUrl: signal.url, groups: { [household.id]: {} } },
        imessage: { enabled: true, serverUrl: mac.url, password: mac.password, pollSeconds: 1 },
      },
    },
  })
  at.model.use((request) => [say(`re: ${request.lastUserText.split('\n').at(-1) ?? ''}`)])
})
afterAll(async () => {
  await at.close()
  await Promise.all([signal.close(), mac.close()])
})

async function approve(channel: string): Promise<void> {
  const client = await at.connect()
  const { requests } = await client.request('pairing.list', {}) as { requests: { channel: string; code: string }[] }
  await client.request('pairing.approve', { channel, code: requests.find((request) => request.channel === channel)?.code })
}

it('on Signal a stranger gets a code, and after approval is answered; a group when it mentions us', async () => {
  signal.say(olga, 'what is in my files?')
  const invitation = await signal.nextSent((message) => /[A-HJ-NP-Z2-9]{8}/.test(message.text), 60_000)
  expect(invitation.recipient).toBe(olga.uuid)
  await at.quiet()
  expect(at.model.requests).toHaveLength(0)
  await approve('signal')
  signal.say(olga, 'hello again')
  await signal.nextSent((message) => message.text.includes('hello again'), 60_000)
  await at.quiet()

  const before = signal.sent.length
  signal.say(signal.person('Olga', { number: olgasNumber }), 'I have her number now', { in: household, mention: true })
  signal.say(olga, 'lunch is at noon', { in: household })
  signal.say(olga, 'when is lunch?', { in: household, mention: true })
  const answer = await signal.nextSent((message) => message.group === household.id, 60_000)
  await at.quiet()
  expect(answer.text).toContain('when is lunch?')
  expect(signal.sent.slice(before)).toHaveLength(1)
  expect(at.model.requests.at(-1)?.lastUserText).toContain('lunch is at noon')
})

it('on iMessage the same', async () => {
  const before = at.model.requests.length
  mac.say(olgasNumber, 'what is in my files?')
  await mac.nextSent((message) => /[A-HJ-NP-Z2-9]{8}/.test(message.text), 60_000)
  await at.quiet()
  expect(at.model.requests).toHaveLength(before)
  await approve('imessage')
  mac.say(olgasNumber, 'hello **again**')
  const answer = await mac.nextSent((message) => message.text.includes('hello again'), 60_000)
  expect(answer.chat).toBe(`iMessage;-;${olgasNumber}`)
  await at.quiet()
})

it('on iMessage a file goes after its words, each as a message of its own; on Signal together', async () => {
  const [macBefore, signalBefore] = [mac.sent.length, signal.sent.length]
  const send = (chat: object) => at.gateway.rooms.outbox.send({ chat: { account: 'default', kind: 'direct', ...chat } as never, principal: 'owner' as never, markdown: 'Here it **is**', file: { fileName: 'plan.pdf', bytes: Buffer.from('%PDF-1.4 the plan') } })
  expect((await send({ channel: 'imessage', chat: `iMessage;-;${olgasNumber}` })).state).toBe('sent')
  expect((await send({ channel: 'signal', chat: olga.uuid })).state).toBe('sent')
  expect(mac.sent.slice(macBefore).map(({ text, file }) => [text, file === undefined ? undefined : Buffer.from(file.bytes).toString()])).toEqual([['Here it is', undefined], [expect.not.stringContaining('Here'), '%PDF-1.4 the plan']])
  expect(signal.sent.slice(signalBefore).map(({ text }) => text)).toEqual(['Here it is'])
})

it('over a restart nothing is lost and nothing doubled', async () => {
  await at.stop()
  signal.say(olga, 'signalled while you slept')
  mac.say(olgasNumber, 'messaged while you slept')
  await at.start()
  await signal.nextSent((message) => message.text.includes('signalled while you slept'), 60_000)
  await mac.nextSent((message) => message.text.includes('messaged while you slept'), 60_000)
  await at.quiet()
  expect([signal.sent.filter((message) => message.text.includes('signalled')), mac.sent.filter((message) => message.text.includes('messaged'))].map((found) => found.length)).toEqual([1, 1])
})
