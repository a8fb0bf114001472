import { testChannel, type ChannelNetwork, type Person, type Words } from '@moltbot/contract/testing'
import type { PlatformMessageId } from '@moltbot/contract'
import { startDiscordServer } from '../../../test/fakes/discord-server/index.ts'
import { discord } from './index.ts'

testChannel({ channel: discord as never, start: () => startNetwork() })

/** The people of the suite on a Discord of our own. */
async function startNetwork(): Promise<ChannelNetwork> {
  const server = await startDiscordServer({ heartbeatMs: 1_000 })
  const people = { anna: server.person('Anna'), ben: server.person('Ben'), robot: server.person('Robot', { bot: true }) }
  const group = server.channel('family')
  const forum = server.channel('forum')
  const topics = { 'topic-a': server.thread(forum, 'A'), 'topic-b': server.thread(forum, 'B') }

  return {
    // Quotes are off by default on Discord; the suite looks at them.
    config: { apiRoot: server.apiRoot, replyToMode: 'first' },
    secrets: { token: server.token },
    places: ['group', 'topics'],
    robots: true,
    tellsForwards: true,
    async say({ from, text, where = 'direct', mention, replyTo, forwards }: Words) {
      // Before its first login a bot has no direct chats and hears nothing, and no history brings it later: people wait for it.
      await server.until(() => server.gateway.identifies.length > 0, 'the first login')
      const place = where === 'direct' ? {} : { in: where === 'group' ? group : topics[where] }
      const passed = forwards === true ? { extra: { message_reference: { type: 1, message_id: '123456789012345678' }, message_snapshots: [{ message: { content: text, attachments: [] } }] } } : {}
      const said = server.say(people[from], forwards === true ? '' : text, { ...place, ...passed, ...(mention === undefined ? {} : { mention }), ...(replyTo === undefined ? {} : { replyTo }) })
      return { id: said.id as PlatformMessageId }
    },
    acknowledged: (id) => server.gateway.acknowledged('MESSAGE_CREATE', (message) => (message as { id: string }).id === id),
    until: (condition, what) => server.until(condition, what),
    sent: () =>
      server.sent.map((one) => ({
        id: one.id as PlatformMessageId, text: one.text, removed: one.deleted,
        buttons: one.buttons.map((button) => button.label), ...(one.stickers.length === 0 ? {} : { sticker: true as const }), ...(one.files[0] === undefined ? {} : { file: { bytes: one.files[0].bytes, name: one.files[0].name, mimeType: one.files[0].type, as: one.files[0].as } }),
        ...(one.replyTo === undefined ? {} : { replyTo: one.replyTo as PlatformMessageId }), ...(Object.values(topics).some((topic) => topic.id === one.channelId) ? { thread: one.channelId } : {}),
      })),
    async sticker() {
      server.sticker('Lobster')
      return { name: 'lobster' }
    },
    pinned: () => server.pinnedIn(server.direct(people.anna)) as PlatformMessageId[],
    rename: (person: Person, name) => server.rename(people[person], name),
    async tap(from, message, label) {
      server.tap(people[from], message, label)
    },
    redeliver: () => server.gateway.redeliverLast(),
    faults: {
      block: () => server.blockDirect(people.anna),
      throttle: (ms) => server.fault('POST /channels/:id/messages', { status: 429, body: { message: 'You are being rate limited.', retry_after: ms / 1_000, global: false }, headers: { 'retry-after': String(ms / 1_000) } }),
      failSend: () => server.fault('POST /channels/:id/messages', { status: 500 }),
      cutAfterAccept: () => server.fault('POST /channels/:id/messages', { acceptThenReset: true }),
      offline: () => server.goOffline(),
      online: () => server.goOnline(),
      cut: () => server.gateway.dropSockets(),
      deafen: (on) => server.gateway.deafen(on),
      revoke: () => server.revokeToken(),
    },
    stop: () => server.close(),
  }
}
