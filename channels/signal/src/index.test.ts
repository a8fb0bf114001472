import { afterAll, describe } from 'vitest'
import { testChannel, type ChannelNetwork, type Person, type Words } from '@moltbot/contract/testing'
import type { PlatformMessageId } from '@moltbot/contract'
import { startSignalServer } from '../../../test/fakes/signal-server/index.ts'
import { channelProcesses, inOwnProcess, seenByTheOther } from '../../../test/support/own-process.ts'
import { signal } from './index.ts'
import { messageId, readMessageId } from './signal-id.ts'

testChannel({ channel: signal as never, start: () => startNetwork() })

const processes = await channelProcesses('shelf')
describe('in a process of its own', () => {
  afterAll(() => processes.close())
  testChannel({ channel: inOwnProcess(signal as never, processes), start: async () => seenByTheOther(await startNetwork()) })
})

/** The people of the suite on a Signal of our own. */
async function startNetwork(): Promise<ChannelNetwork> {
  const server = await startSignalServer()
  const people = { anna: server.person('Anna'), ben: server.person('Ben'), robot: server.person('Robot') }
  const group = server.group('family')
  const said = new Map<string, string>()

  return {
    // Signal knows no acknowledgement of a program's; with read receipts its people see that a message was taken.
    config: { enabled: true, httpUrl: server.url, replyToMode: 'first', sendReadReceipts: true },
    speed: 20,
    places: ['group'],
    async say({ from, text, where = 'direct', mention, replyTo }: Words) {
      const quoted = replyTo === undefined ? undefined : readMessageId(replyTo)
      const timestamp = server.say(people[from], text, {
        ...(where === 'direct' ? {} : { in: group }), ...(mention === undefined ? {} : { mention }),
        ...(quoted === undefined || replyTo === undefined ? {} : { quote: { ...quoted, ...(said.has(replyTo) ? { text: said.get(replyTo) ?? '' } : {}) } }),
      })
      const id = messageId(people[from].uuid, timestamp)
      said.set(id, text)
      return { id }
    },
    acknowledged: (id) => server.receipts.some((receipt) => messageId(receipt.recipient, receipt.timestamp) === id),
    until: (condition, what) => server.until(condition, what),
    sent: () =>
      server.sent.map((one) => ({
        id: messageId(server.uuid, one.timestamp), text: one.text, removed: one.deleted, ...(one.file === undefined ? {} : { file: one.file }), ...(one.quote === undefined ? {} : { replyTo: messageId(one.quote.author, one.quote.timestamp) as PlatformMessageId }),
      })),
    rename: (person: Person, name) => void (people[person].name = name),
    redeliver: () => server.redeliverLast(),
    faults: {
      block: () => server.unregister(people.anna),
      throttle: (ms) => server.fault('send', { error: { code: -5, message: 'Rate limit', data: { response: { results: [{ type: 'RATE_LIMIT_FAILURE', retryAfterSeconds: ms / 1_000 }] } } } }),
      failSend: () => server.fault('send', { status: 500 }),
      cutAfterAccept: () => server.fault('send', { acceptThenReset: true }),
      offline: () => server.goOffline(),
      online: () => server.goOnline(),
      cut: () => server.dropStreams(),
      deafen: (on) => server.deafen(on),
      revoke: () => server.unlink(),
    },
    stop: () => server.close(),
  }
}
