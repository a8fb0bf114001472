import { afterAll, describe } from 'vitest'
import { testChannel, type ChannelNetwork, type Person, type Words } from '@moltbot/contract/testing'
import type { PlatformMessageId } from '@moltbot/contract'
import { startTelegramServer } from '../../../test/fakes/telegram-server/index.ts'
import { channelProcesses, inOwnProcess, seenByTheOther } from '../../../test/support/own-process.ts'
import { telegram } from './index.ts'

testChannel({ channel: telegram as never, start: () => startNetwork() })

const processes = await channelProcesses('shelf')
describe('in a process of its own', () => {
  afterAll(() => processes.close())
  testChannel({ channel: inOwnProcess(telegram as never, processes), start: async () => seenByTheOther(await startNetwork()) })
})

/** The people of the suite on a Telegram of our own. */
async function startNetwork(): Promise<ChannelNetwork> {
  const server = await startTelegramServer({ privacy: false, longPollMaxMs: 300 })
  const people = { anna: server.user(11, { name: 'Anna', username: 'anna' }), ben: server.user(12, { name: 'Ben' }), robot: server.user(13, { name: 'Robot', isBot: true }) }
  const group = server.group(-100_1, { title: 'Family' })
  const forum = server.group(-100_2, { title: 'Forum', forum: true })
  const topics = { 'topic-a': server.topic(forum, 'A'), 'topic-b': server.topic(forum, 'B') }
  const updates = new Map<string, number>()

  return {
    config: { apiRoot: server.apiRoot },
    secrets: { botToken: server.token },
    places: ['group', 'topics'],
    robots: true,
    tellsForwards: true,
    async say({ from, text, where = 'direct', mention, replyTo, forwards }: Words) {
      const place = where === 'direct' ? {} : where === 'group' ? { in: group } : { in: forum, thread: topics[where] }
      const said = server.say(people[from], mention === true ? `@${server.bot.username} ${text}` : text, { ...place, ...(replyTo === undefined ? {} : { replyTo: Number(replyTo) }), ...(forwards === true ? { extra: { forward_origin: { type: 'hidden_user', sender_user_name: 'Eve', date: 1 } } } : {}) })
      updates.set(String(said.messageId), said.updateId)
      return { id: String(said.messageId) as PlatformMessageId }
    },
    acknowledged: (id) => server.isConfirmed(updates.get(id) ?? -1),
    until: (condition, what) => server.until(condition, what),
    sent: () =>
      server.sent.map((one) => ({
        id: String(one.messageId) as PlatformMessageId, text: one.text, removed: one.deleted,
        ...(one.file === undefined ? {} : { file: one.file }), buttons: one.buttons.flat().map(({ text }) => text), ...(one.sticker === undefined ? {} : { sticker: true as const }),
        ...(one.replyTo === undefined ? {} : { replyTo: String(one.replyTo) as PlatformMessageId }), ...(one.thread === undefined ? {} : { thread: String(one.thread) }),
      })),
    async sticker() {
      const { updateId } = server.sendSticker(people.anna, '😎', { in: group })
      await server.until(() => server.isConfirmed(updateId), 'the sticker to be taken')
      return { name: '😎' }
    },
    pinned: () => server.pinnedIn(people.anna.id).map((id) => String(id) as PlatformMessageId),
    rename: (person: Person, name) => void server.user(people[person].id, { name }),
    redeliver: () => void server.redeliver(),
    async tap(from, message, label) {
      const asked = server.sent.find((one) => String(one.messageId) === message)
      const button = asked?.buttons.flat().find(({ text }) => text === label)
      if (asked === undefined || button === undefined) throw new Error(`there is no button ${label}`)
      server.press(people[from], asked, button.callback_data)
    },
    faults: {
      block: () => server.block(people.anna.id),
      throttle: (ms) => server.fault('sendMessage', { status: 429, description: `Too Many Requests: retry after ${ms / 1_000}`, retryAfter: ms / 1_000 }),
      failSend: () => server.fault('sendMessage', { status: 500, description: 'Internal Server Error' }),
      cutAfterAccept: () => server.fault('send*', { acceptThenReset: true }),
      offline: () => server.goOffline(),
      online: () => server.goOnline(),
      cut: () => server.dropConnections(),
      deafen: (on) => server.deafen(on),
      revoke: () => server.revokeToken(),
    },
    stop: () => server.close(),
  }
}
