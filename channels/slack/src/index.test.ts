import { testChannel, type ChannelNetwork, type Person, type Words } from '@moltbot/contract/testing'
import type { PlatformMessageId } from '@moltbot/contract'
import { startSlackServer } from '../../../test/fakes/slack-server/index.ts'
import { slack } from './index.ts'

testChannel({ channel: slack as never, start: () => startNetwork() })

/** The people of the suite on a Slack of our own. */
async function startNetwork(): Promise<ChannelNetwork> {
  const server = await startSlackServer()
  const people = { anna: server.person('Anna'), ben: server.person('Ben'), robot: server.person('Robot', { bot: true }) }
  const group = server.channel('family')
  const forum = server.channel('forum')
  const topics: Record<string, string> = {}
  // A thread begins with a message; the app was told of these two before.
  server.loseEvents(true)
  for (const topic of ['topic-a', 'topic-b']) topics[topic] = server.say(people.ben, topic, { in: forum }).ts
  server.loseEvents(false)

  return {
    // Answers stand in the channel by default; the suite looks for quotes, which are threads on Slack.
    config: { apiRoot: server.apiRoot, replyToMode: 'first' },
    secrets: { botToken: server.botToken, appToken: server.appToken },
    // Signs of life of the socket come from the SDK, every five real seconds.
    speed: 10,
    places: ['group', 'topics'],
    robots: true,
    tellsForwards: true,
    async say({ from, text, where = 'direct', mention, replyTo, forwards }: Words) {
      const place = where === 'direct' ? {} : where === 'group' ? { in: group } : { in: forum, thread: topics[where] ?? '' }
      const passed = forwards === true ? { extra: { attachments: [{ is_share: true, author_name: 'Eve', text }] } } : {}
      const said = server.say(people[from], forwards === true ? '' : text, { ...place, ...passed, ...(mention === undefined ? {} : { mention }), ...(replyTo === undefined ? {} : { thread: replyTo }) })
      return { id: said.ts as PlatformMessageId }
    },
    acknowledged: (id) => server.acknowledged(id),
    until: (condition, what) => server.until(condition, what),
    sent: () =>
      server.sent.map((one) => ({
        id: one.id as PlatformMessageId, text: one.text, removed: one.deleted,
        buttons: one.buttons.map((button) => button.label), ...(one.file === undefined ? {} : { file: { bytes: one.file.bytes, name: one.file.name, mimeType: one.file.type, as: one.file.as } }),
        ...(one.thread === undefined ? {} : Object.values(topics).includes(one.thread) ? { thread: one.thread } : { replyTo: one.thread as PlatformMessageId }),
      })),
    pinned: () => (server.pins.get(server.direct(people.anna).id) ?? []) as PlatformMessageId[],
    rename: (person: Person, name) => server.rename(people[person], name),
    async tap(from, message, label) {
      server.tap(people[from], message, label)
    },
    redeliver: () => server.socket.redeliverLast(),
    faults: {
      block: () => server.block(server.direct(people.anna)),
      throttle: (ms) => server.fault('chat.postMessage', { status: 429, body: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': String(ms / 1_000) } }),
      failSend: () => server.fault('chat.postMessage', { status: 500 }),
      cutAfterAccept: () => server.fault(['chat.postMessage', 'files.completeUploadExternal'], { acceptThenReset: true }),
      offline: () => server.goOffline(),
      online: () => server.goOnline(),
      cut: () => server.socket.dropSockets(),
      deafen: (on) => server.socket.deafen(on),
      revoke: () => server.revokeTokens(),
    },
    stop: () => server.close(),
  }
}
