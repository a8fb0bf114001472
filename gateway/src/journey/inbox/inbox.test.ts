import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { InboxId, IncomingMessage, SessionKey, Store, TurnId } from '@moltbot/contract'
import { FakeClock, countingIds } from '@moltbot/contract/testing'
import { openStore } from '../../foundation/storage/index.ts'
import { attachmentDataMax, attachmentsMax, createInbox, idLengthMax, inboxMigration, inboxThreadMigration, notAddressed, textLengthMax, type InboxRoom } from './index.ts'

let store: Store
let clock: FakeClock
let inbox: InboxRoom
beforeEach(async () => {
  clock = new FakeClock()
  store = await openStore({ file: ':memory:', migrations: [inboxMigration, inboxThreadMigration] })
  inbox = createInbox({ store, clock, newId: countingIds() })
})
afterEach(() => store.close())

const message = (id: string, more: Record<string, unknown> = {}, chat: Record<string, unknown> = {}): IncomingMessage => ({
  id, chat: { channel: 'fake', account: 'default', chat: 'c', kind: 'group', ...chat }, sender: { id: 's' }, sentAt: 0, text: id, attachments: [], mentioned: 'no', ...more,
}) as unknown as IncomingMessage
const accept = (of: IncomingMessage) => store.transaction((tx) => inbox.accept(tx, of))
const take = async (of: IncomingMessage): Promise<InboxId> => {
  const receipt = await accept(of)
  if (receipt.kind !== 'accepted') throw new Error(receipt.kind)
  return receipt.id
}

it('a client finds what its person sent through our own ways in, and nothing else of that name', async () => {
  const from = { channels: ['web', 'terminal'], sender: 'olga' }
  await take(message('K', { sender: { id: 'olga' } }, { channel: 'telegram' }))
  await take(message('K', { sender: { id: 'ben' } }, { channel: 'web', chat: 'his' }))
  expect(await inbox.ofClient('K', from)).toBeUndefined()
  const first = await take(message('K', { sender: { id: 'olga' } }, { channel: 'web', chat: 'one' }))
  await clock.advance(1)
  const second = await take(message('K', { sender: { id: 'olga' } }, { channel: 'terminal', chat: 'two' }))
  expect((await inbox.ofClient('K', from))?.id).toBe(second)
  expect((await inbox.ofClient('K', { ...from, chat: 'one' }))?.id).toBe(first)
  expect(await inbox.ofClient('K', { ...from, chat: 'his' })).toBeUndefined()
})

describe('accepting', () => {
  it('takes a message once per place, for ever', async () => {
    const first = await take(message('1'))
    await clock.advance(365 * 24 * 3_600_000)
    expect(await accept(message('1'))).toEqual({ kind: 'duplicate', id: first })
    for (const chat of [{ chat: 'd' }, { account: 'two' }, { channel: 'other' }]) expect((await accept(message('1', {}, chat))).kind).toBe('accepted')
  })

  it('knows the parts of a joined message, in whatever way they come again', async () => {
    const first = await take(message('1', { joinedIds: ['2', '3'] }))
    expect(await accept(message('2', { joinedIds: ['3'] }))).toEqual({ kind: 'duplicate', id: first })
    expect(await accept(message('3'))).toEqual({ kind: 'duplicate', id: first })
    expect((await accept(message('4', { joinedIds: ['3'] }))).kind).toBe('accepted')
    expect((await inbox.open()).map((row) => row.message.id)).toEqual(['1', '4'])
  })

  it('does not take a message for its own repetition', async () => {
    const id = await take(message('1', { joinedIds: ['1', '2', '2', '1'] }))
    expect((await inbox.get(id))?.message.id).toBe('1')
    expect(await accept(message('1'))).toEqual({ kind: 'duplicate', id })
  })

  it('takes the same message once when it comes twice at the same instant', async () => {
    const receipts = await Promise.all([accept(message('1')), accept(message('1')), accept(message('1'))])
    expect(receipts.map((receipt) => receipt.kind)).toEqual(['accepted', 'duplicate', 'duplicate'])
  })

  it.each<[string, Record<string, unknown>, Record<string, unknown>, boolean]>([
    ['the longest text', { text: 'x'.repeat(textLengthMax) }, {}, true],
    ['a longer text', { text: 'x'.repeat(textLengthMax + 1) }, {}, false],
    ['the most attachments', { attachments: Array.from({ length: attachmentsMax }, () => ({ kind: 'image' })) }, {}, true],
    ['one more', { attachments: Array.from({ length: attachmentsMax + 1 }, () => ({ kind: 'image' })) }, {}, false],
    ['data over the limit in two', { attachments: [{ kind: 'image', data: 'x'.repeat(attachmentDataMax) }, { kind: 'image', data: 'x' }] }, {}, false],
    ['a name of a megabyte', { sender: { id: 's', name: 'x'.repeat(1_000_000) } }, {}, false],
    ['a quote of a megabyte', { quoted: { id: 'q', text: 'x'.repeat(1_000_000), fromUs: false } }, {}, false],
    ['no id', { id: '' }, {}, false],
    ['a blank id', { id: ' ' }, {}, false],
    ['an id of another type', { id: 5 }, {}, false],
    ['an id without end', { id: 'x'.repeat(idLengthMax + 1) }, {}, false],
    ['no sender', { sender: {} }, {}, false],
    ['a blank sender', { sender: { id: '' } }, {}, false],
    ['no chat', {}, { chat: undefined }, false],
    ['a thread of another type', {}, { thread: 7 }, false],
    ['a blank joined id', { joinedIds: [''] }, {}, false],
    ['no text', { text: undefined }, {}, false],
    ['no time', { sentAt: Number.NaN }, {}, false],
  ])('%s', async (_name, more, chat, taken) => {
    expect((await accept(message('1', more, chat))).kind).toBe(taken ? 'accepted' : 'refused')
    expect((await inbox.counts()).total).toBe(taken ? 1 : 0)
  })
})

describe('the end of a message', () => {
  it('comes once and is told once', async () => {
    const told: string[] = []
    inbox.onEnd((row) => told.push(`${row.end}/${row.endDetail}`))
    const id = await take(message('1'))
    const [one, two] = await Promise.all([store.transaction((tx) => inbox.end(tx, id, 'answered')), store.transaction((tx) => inbox.end(tx, id, 'failed', 'later'))])
    expect([one, two]).toEqual([true, false])
    expect(told).toEqual(['answered/null'])
    expect(await inbox.get(id)).toMatchObject({ end: 'answered', endedAt: clock.now() })
  })
  it('that was rolled back is not told', async () => {
    const told: unknown[] = []
    inbox.onEnd((row) => told.push(row))
    const id = await take(message('1'))
    await expect(store.transaction(async (tx) => { await inbox.end(tx, id, 'answered'); throw new Error('no') })).rejects.toThrow('no')
    expect([told, (await inbox.get(id))?.end]).toEqual([[], null])
  })
  it('of a turn reaches those of its messages that have none yet', async () => {
    const ids = [await take(message('1')), await take(message('2')), await take(message('3'))]
    await store.transaction(async (tx) => {
      for (const id of ids.slice(0, 2)) await inbox.assign(tx, id, { turnId: 't' as TurnId, sessionKey: 'k' as SessionKey })
      await inbox.end(tx, ids[1] as InboxId, 'merged', ids[0])
    })
    const ended = await store.transaction((tx) => inbox.endTurn(tx, 't' as TurnId, 'answered'))
    expect(ended.map((row) => row.message.id)).toEqual(['1'])
    expect((await inbox.open()).map((row) => row.message.id)).toEqual(['3'])
  })
})

it('counts what is open, and what is stuck after a minute', async () => {
  await take(message('1'))
  await clock.advance(60_001)
  await take(message('2'))
  expect(await inbox.counts()).toEqual({ open: 2, stuck: 1, total: 2 })
})

it('the backlog is what was heard and not addressed to us since we were last spoken to, of this topic only', async () => {
  const heard = async (id: string, chat: Record<string, unknown> = {}): Promise<void> => {
    const row = await take(message(id, {}, chat))
    await store.transaction((tx) => inbox.end(tx, row, 'denied', notAddressed))
    await clock.advance(1)
  }
  const spoken = async (id: string, chat: Record<string, unknown> = {}): Promise<void> => {
    await store.transaction(async (tx) => inbox.end(tx, await take2(tx, message(id, {}, chat)), 'answered'))
    await clock.advance(1)
  }
  const take2 = async (tx: Parameters<typeof inbox.accept>[0], of: IncomingMessage): Promise<InboxId> => ((await inbox.accept(tx, of)) as { id: InboxId }).id
  const ids = async (chat: Record<string, unknown> = {}, most = 50) => (await inbox.backlog(message('x', {}, chat).chat, clock.now(), most)).map((row) => row.message.id)
  await heard('old')
  await spoken('to-us')
  await heard('a')
  await heard('elsewhere', { chat: 'd' })
  await heard('topic-1', { thread: '7' })
  await spoken('to-us-in-topic', { thread: '8' })
  const stranger = await take(message('refused'))
  await store.transaction((tx) => inbox.end(tx, stranger, 'denied', 'the sender is not in the list of this group'))
  await heard('b')
  for (let more = 0; more < 20; more += 1) await heard(`noise-${more}`, { thread: '9' })
  expect(await ids()).toEqual(['a', 'b'])
  expect(await ids({}, 1)).toEqual(['b'])
  expect(await ids({ thread: '7' })).toEqual(['topic-1'])
  expect(await ids({ thread: '8' })).toEqual([])
})

it('the message before is its sender\'s own, and one that came before', async () => {
  const first = await take(message('1'))
  await clock.advance(1)
  await take(message('2', { sender: { id: 'other' } }))
  await clock.advance(1)
  const asking = message('3')
  await take(asking)
  await clock.advance(1)
  await take(message('4'))
  expect(await inbox.before(asking)).toBe(first)
  expect(await inbox.before(message('1'))).toBeUndefined()
})

it('finds by id, its beginning, or the network\'s id, and counts starts', async () => {
  const id = await take(message('net-77'))
  for (const text of [id, 'net-77']) expect((await inbox.find(text)).map((row) => row.id)).toEqual([id])
  expect(await inbox.find("' OR 1=1 --")).toEqual([])
  expect([await store.transaction((tx) => inbox.countAttempt(tx, id)), await store.transaction((tx) => inbox.countAttempt(tx, id))]).toEqual([1, 2])
})
