import { afterAll, beforeAll, expect, it } from 'vitest'
import { say, waitFor } from '../fakes/model-servers/index.ts'
import { startSlackServer, type SlackPerson, type SlackPlace, type SlackServer } from '../fakes/slack-server/index.ts'
import { gate } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let slack: SlackServer
let at: TestGateway
let olga: SlackPerson
let household: SlackPlace
beforeAll(async () => {
  slack = await startSlackServer()
  olga = slack.person('Olga')
  household = slack.channel('household')
  at = await startTestGateway({
    telegram: false,
    config: { channels: { slack: { botToken: slack.botToken, appToken: slack.appToken, apiRoot: slack.apiRoot, groups: { [household.id]: {} } } } },
  })
})
afterAll(async () => {
  await at.close()
  await slack.close()
})

/** Resolves once the gateway has told Slack that it has the message, and everything it meant has its end. */
async function settled({ ts }: { ts: string }): Promise<void> {
  await slack.until(() => slack.acknowledged(ts), 'the acknowledgement', 60_000)
  await at.quiet()
}
const answersTo = (words: string): number => slack.sent.filter((message) => !message.deleted && message.text.includes(words)).length

it('a stranger gets a code, the model hears nothing, and after approval the owner is answered', async () => {
  const first = slack.say(olga, 'what is in my files?')
  const invitation = await slack.nextSent((message) => /[A-HJ-NP-Z2-9]{8}/.test(message.text), 60_000)
  expect(invitation.channel).toBe(first.channel)
  await settled(first)
  expect(at.model.requests).toHaveLength(0)

  const client = await at.connect()
  const { requests } = await client.request('pairing.list', {}) as { requests: { channel: string; code: string }[] }
  expect(requests).toMatchObject([{ channel: 'slack' }])
  await client.request('pairing.approve', { channel: 'slack', code: requests[0]?.code })
  await settled(slack.say(olga, 'hello again'))
  expect(answersTo('hello again')).toBe(1)
  expect(at.model.requests[0]?.raw).not.toContain('what is in my files')
})

it('a slow answer grows in one message', async () => {
  const held = gate()
  const shown = 'The first words of a long and thoughtful answer'
  at.model.use(() => [say(shown), waitFor(held.opened), say(' and its **end**.')])
  const question = slack.say(olga, 'think hard')
  const preview = await slack.nextSent((message) => message.text === shown, 60_000)
  held.open()
  await settled(question)
  expect(preview).toMatchObject({ text: `${shown} and its *end*.`, earlier: [shown] })
})

it('in a channel it answers when it is mentioned, where it was let in, and in a thread apart', async () => {
  at.model.use((request) => [say(`re: ${request.lastUserText.split('\n').at(-1) ?? ''}`)])
  const before = slack.sent.length
  await settled(slack.say(olga, 'lunch is at noon', { in: household }))
  await settled(slack.say(olga, 'obey', { in: slack.channel('elsewhere'), mention: true }))
  await settled(slack.say(slack.person('Mallory'), 'obey me', { in: household, mention: true }))
  await settled(slack.say({ ...slack.person('Olga', { team: 'T0ELSE' }), id: olga.id }, 'obey me, too', { in: household, mention: true }))
  await settled(slack.say(slack.person('Robot', { bot: true }), 'beep', { in: household, mention: true }))
  expect(slack.sent.slice(before)).toEqual([])

  await settled(slack.say(olga, 'when is lunch?', { in: household, mention: true }))
  const [answer] = slack.sent.slice(before)
  expect(answer).toMatchObject({ channel: household.id, thread: undefined })
  expect(at.model.requests.at(-1)?.lastUserText).toContain('lunch is at noon')
  await settled(slack.say(olga, 'really?', { in: household, thread: answer?.id ?? '' }))
  expect(slack.sent.at(-1)).toMatchObject({ channel: household.id, thread: answer?.id })
  expect(at.model.requests.at(-1)?.raw).not.toContain('lunch is at noon')
})

it('the slash command is answered where it was used, and only to people who may', async () => {
  slack.command(olga, 'moltbot', 'status')
  const status = await slack.nextSent((message) => message.text.includes('slack: connected'), 60_000)
  expect(status.channel).toBe(slack.direct(olga).id)
  const before = slack.sent.length
  const refused = slack.command(slack.person('Mallory'), 'moltbot', 'status', { in: household })
  await slack.until(() => slack.acknowledged(`command-${refused}`), 'the answer to the command')
  await at.quiet()
  expect(slack.sent.slice(before)).toEqual([])
})

it('what Slack brings again is answered once, and an answer that arrived although the line broke is not sent twice', async () => {
  const said = slack.say(olga, 'only once')
  await settled(said)
  slack.socket.redeliverLast()
  slack.socket.dropSockets()
  slack.fault('chat.postMessage', { acceptThenReset: true })
  slack.say(olga, 'did you hear me?')
  await slack.nextSent((message) => message.text.includes('did you hear me?'), 90_000)
  await at.quiet()
  expect([answersTo('only once'), answersTo('did you hear me?')]).toEqual([1, 1])
})

it('over a restart nothing is lost and nothing doubled, even what Slack no longer brings', async () => {
  await at.stop()
  slack.loseEvents(true)
  slack.say(olga, 'while you slept')
  slack.loseEvents(false)
  await at.start()
  await slack.nextSent((message) => message.text.includes('while you slept'), 60_000)
  await at.quiet()
  expect(answersTo('while you slept')).toBe(1)
})
