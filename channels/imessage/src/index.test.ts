import { testChannel, type ChannelNetwork, type Words } from '@moltbot/contract/testing'
import type { PlatformMessageId } from '@moltbot/contract'
import { startBlueBubblesServer } from '../../../test/fakes/bluebubbles-server/index.ts'
import { imessage } from './index.ts'

testChannel({ channel: imessage as never, start: () => startNetwork() })

/** The people of the suite on an iMessage of our own. */
async function startNetwork(): Promise<ChannelNetwork> {
  const server = await startBlueBubblesServer()
  const people = { anna: '+4915550101', ben: 'ben@example.org', robot: '+4915550103' }
  const group = server.group('family')

  return {
    // iMessage knows no acknowledgement of a program's; with read receipts its people see that a message was taken.
    config: { enabled: true, serverUrl: server.url, pollSeconds: 1, replyToMode: 'first', sendReadReceipts: true },
    secrets: { password: server.password },
    places: ['group'],
    async say({ from, text, where = 'direct', mention, replyTo }: Words) {
      const guid = server.say(people[from], text, { ...(where === 'direct' ? {} : { in: group }), ...(mention === undefined ? {} : { mention }), ...(replyTo === undefined ? {} : { replyTo }) })
      return { id: guid as PlatformMessageId }
    },
    acknowledged: (id) => server.read.has(id),
    until: (condition, what) => server.until(condition, what),
    sent: () => server.sent.map((one) => ({ id: one.guid as PlatformMessageId, text: one.text, removed: one.deleted, ...(one.file === undefined ? {} : { file: one.file }), ...(one.replyTo === undefined ? {} : { replyTo: one.replyTo as PlatformMessageId }) })),
    faults: {
      block: () => server.removeChat(`iMessage;-;${people.anna}`),
      failSend: () => server.fault('POST /message/text', { status: 500 }),
      cutAfterAccept() {
        for (const route of ['POST /message/text', 'POST /message/attachment']) server.fault(route, { acceptThenReset: true })
      },
      offline: () => server.goOffline(),
      online: () => server.goOnline(),
      cut: () => server.dropSockets(),
      deafen: (on) => server.deafen(on),
      revoke: () => server.changePassword(),
    },
    stop: () => server.close(),
  }
}
