import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SendProblem, type AgentEvent, type ChatRef, type Connection, type DeliveryKey, type InboxId, type NewId, type OutgoingMessage, type PlatformMessageId, type Principal, type PrincipalId, type Store, type TurnId, type Tx } from '@moltbot/contract'
import { FakeClock, countingIds, memoryLogger } from '@moltbot/contract/testing'
import type { Connections } from '../../foundation/connections/types.ts'
import { openStore } from '../../foundation/storage/index.ts'
import { retryForMs } from './deliver.ts'
import type { ReplyTarget } from './desk.ts'
import { createOutbox, migrations, type OutboxRoom } from './index.ts'
import { sendDeadlineMs } from './patience.ts'
import type { DeliveryRow } from './types.ts'

const place = (chat = 'c1', kind: ChatRef['kind'] = 'direct'): ChatRef => ({ channel: 'fake', account: 'default', chat, kind }) as ChatRef
const owner = 'owner' as PrincipalId
const settle = async (): Promise<void> => { for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve)) }

/** A network that does what it is told for each call, and shows what stands in it. */
function network(able: { edit?: boolean; nonce?: boolean; history?: boolean; max?: number } = {}) {
  const standing = new Map<string, { chat: string; key: DeliveryKey; text: string; replyTo?: string }>()
  const calls: { what: string; chat: string; text: string }[] = []
  type Plan = 'ok' | 'lost-answer' | 'hang' | 'throw' | SendProblem
  const plans = { send: [] as Plan[], edit: [] as Plan[], find: [] as Plan[] }
  let last = 0
  let running = 0
  let overlap = 0
  async function follow<T>(plan: Plan | undefined, act: () => T): Promise<T> {
    running += 1
    overlap = Math.max(overlap, running)
    try {
      await Promise.resolve()
      if (plan === 'hang') return await new Promise<T>(() => undefined)
      if (plan === 'throw') throw new TypeError('socket closed')
      if (plan instanceof SendProblem) throw plan
      const done = act()
      if (plan === 'lost-answer') throw new SendProblem('unknown', 'no answer')
      return done
    } finally {
      running -= 1
    }
  }
  const connection: Connection = {
    limits: { textLengthMax: able.max ?? 100, nonce: able.nonce ?? false },
    send: (chat, message) => {
      calls.push({ what: 'send', chat: chat.chat, text: message.markdown })
      return follow(plans.send.shift(), () => {
        const same = able.nonce === true ? [...standing].find(([, each]) => each.key === message.key)?.[0] ?? gone.get(message.key) : undefined
        const id = same ?? `m${(last += 1)}`
        if (same === undefined) standing.set(id, { chat: chat.chat, key: message.key, text: message.markdown, ...(message.replyTo === undefined ? {} : { replyTo: message.replyTo }) })
        return id as PlatformMessageId
      })
    },
    async close() {},
    ...(able.edit === true ? {
      edit: (chat: ChatRef, id: PlatformMessageId, message: OutgoingMessage) => {
        calls.push({ what: 'edit', chat: chat.chat, text: message.markdown })
        return follow(plans.edit.shift(), () => {
          const before = standing.get(id)
          if (before === undefined) throw new SendProblem('never', 'message to edit not found')
          before.text = message.markdown
        })
      },
      remove: (chat: ChatRef, id: PlatformMessageId) => {
        calls.push({ what: 'remove', chat: chat.chat, text: '' })
        return follow(undefined, () => forget(id))
      },
    } : {}),
    ...(able.history === true ? {
      findSent: (chat: ChatRef, key: DeliveryKey) => {
        calls.push({ what: 'find', chat: chat.chat, text: '' })
        return follow(plans.find.shift(), () => [...standing].find(([, each]) => each.key === key)?.[0] as PlatformMessageId | undefined)
      },
    } : {}),
  }
  /** A network with nonces remembers what it once took. */
  const gone = new Map<DeliveryKey, string>()
  function forget(id: string): void {
    const before = standing.get(id)
    if (before !== undefined) gone.set(before.key, id)
    standing.delete(id)
  }
  return { connection, calls, plans, standing, forget, texts: () => [...standing.values()].map((each) => each.text), overlap: () => overlap }
}

let store: Store
let clock: FakeClock
let newId: NewId
let net: ReturnType<typeof network>
let up: boolean
const holding: (row: DeliveryRow) => boolean = () => false
let listeners: Set<() => void>
let ends: { delivery: DeliveryRow; all: readonly DeliveryRow[] }[]
let outbox: OutboxRoom
let failCommits: (query: string) => boolean
let log: ReturnType<typeof memoryLogger>
let folder: string
let stays: boolean

/** The outbox of a gateway that starts on the store as it is. */
function start(over: Store = store): OutboxRoom {
  const connections = {
    of: () => (up ? net.connection : undefined),
    onUp(listener: (channel: never, account: never) => void) {
      const heard = (): void => listener('fake' as never, 'default' as never)
      listeners.add(heard)
      return () => void listeners.delete(heard)
    },
  } as unknown as Connections
  return createOutbox({ store: over, clock, newId, log, connections, random: () => 0.5, streaming: () => true, holds: (row) => holding(row), files: { folder, stay: () => stays }, label: () => 'Fake', settled: async (_tx, delivery, all) => { ends.push({ delivery, all: [...all] }) } })
}
const connect = async (): Promise<void> => {
  up = true
  for (const listener of [...listeners]) listener()
  await settle()
}
/** A store on which chosen statements fail as on a full disk. */
function fragile(base: Store): Store {
  return {
    ...base,
    transaction: (work) => base.transaction((tx) => work({ ...tx, run: (query, ...values) => (failCommits(query) ? Promise.reject(new Error('disk full')) : tx.run(query, ...values)) })),
  }
}
const target = (id = 'tn1', chat = place()): ReplyTarget => ({ id: id as TurnId, principal: { id: owner, role: 'owner' } as Principal, chat, replyTo: 'q1' as PlatformMessageId })
const answer = async (text: string, turn = target(), by = outbox): Promise<void> => {
  await store.transaction((tx) => by.answer(tx, turn, text))
  await settle()
}
const rows = () => store.read.all<{ state: string; part: number; resent: number; attempts: number; error: string | null; draft: number; settled_at: number | null }>('SELECT * FROM deliveries ORDER BY created_at, part, id')
const write = (event: string): AgentEvent => ({ type: 'text-delta', text: event })
const commitNow = (also: (tx: Tx) => Promise<void>): Promise<void> => store.transaction(also)

beforeEach(async () => {
  clock = new FakeClock()
  newId = countingIds()
  net = network()
  up = true
  listeners = new Set()
  ends = []
  failCommits = () => false
  log = memoryLogger()
  folder = join(mkdtempSync(join(tmpdir(), 'outbox-')), 'files')
  stays = false
  store = await openStore({ file: ':memory:', migrations })
  outbox = start()
})
afterEach(async () => {
  await outbox.close(0)
  await store.close()
  rmSync(dirname(folder), { recursive: true, force: true })
})

describe('an answer', () => {
  it('is sent once and settled once', async () => {
    await answer('hello')
    expect(net.texts()).toEqual(['hello'])
    expect(ends.map(({ delivery }) => delivery.state)).toEqual(['sent'])
    expect(await rows()).toMatchObject([{ state: 'sent', attempts: 1, resent: 0 }])
  })

  it('too long for one message goes out in parts, in order, and is settled with the last', async () => {
    await answer(Array.from({ length: 6 }, (_, at) => `${at} ${'word '.repeat(15).trim()}.`).join('\n\n'))
    expect(net.texts().map((text) => text[0])).toEqual(['0', '1', '2', '3', '4', '5'])
    expect(ends).toHaveLength(1)
    expect(ends[0]?.all.every((part) => part.state === 'sent')).toBe(true)
  })

  it('in a group answers the message it answers, once', async () => {
    await answer(`${'a'.repeat(80)}\n\n${'b'.repeat(80)}`, target('tn1', place('g', 'group')))
    expect([...net.standing.values()].map((each) => each.replyTo)).toEqual(['q1', undefined])
  })

  it('waits behind what goes to the same place, and not behind what goes elsewhere', async () => {
    net.plans.send.push(new SendProblem('not-sent', '429', { retryAfterMs: 3_600_000 }))
    await answer('first')
    await answer('second', target('tn2'))
    await answer('elsewhere', target('tn3', place('c2')))
    expect(net.texts()).toEqual(['elsewhere'])
    await clock.advance(3_599_000)
    expect(net.texts()).toEqual(['elsewhere'])
    await clock.advance(1_000)
    await settle()
    expect(net.texts()).toEqual(['elsewhere', 'first', 'second'])
    expect(net.overlap()).toBe(1)
  })

  it.each([Number.NaN, -5, 0, Number.POSITIVE_INFINITY])('is not sent in a storm when the network asks for a pause of %s ms', async (retryAfterMs) => {
    net.plans.send.push(...Array.from({ length: 50 }, () => new SendProblem('not-sent', 'later', { retryAfterMs })))
    await answer('hello')
    await clock.advance(1_000)
    expect(net.calls.length).toBeLessThan(15)
    expect(net.calls.length).toBeGreaterThan(1)
  })

  it('keeps its order when a part is refused for good, and is told as failed', async () => {
    net.plans.send.push(new SendProblem('never', 'blocked by the user'))
    await answer(`${'a'.repeat(80)}\n\n${'b'.repeat(80)}`)
    expect(net.texts()).toEqual(['b'.repeat(80)])
    expect(ends[0]?.all.map((part) => part.state)).toEqual(['failed', 'sent'])
    expect(ends[0]?.all[0]?.error).toBe('blocked by the user')
  })

  it.each(['lost-answer', 'throw', 'hang'] as const)('whose sending is uncertain (%s) is sent again once and marked, then left as uncertain', async (plan) => {
    net.plans.send.push(plan, plan, plan)
    await answer('hello')
    for (let pauses = 0; pauses < 6; pauses += 1) await clock.advance(sendDeadlineMs + 31_000)
    expect(net.calls.filter((call) => call.what === 'send')).toHaveLength(2)
    expect(await rows()).toMatchObject([{ state: 'ambiguous', resent: 1 }])
    expect(ends).toHaveLength(1)
  })

  it('on a network that knows the message again is simply sent again', async () => {
    net = network({ nonce: true })
    net.plans.send.push('lost-answer', 'lost-answer', 'lost-answer')
    await answer('hello')
    await clock.advance(60_000)
    expect(net.texts()).toEqual(['hello'])
    expect(await rows()).toMatchObject([{ state: 'sent', resent: 0 }])
  })

  it('DUR-02: on a network with a history is looked up, and a history that cannot be read says nothing', async () => {
    net = network({ history: true })
    net.plans.send.push('lost-answer')
    net.plans.find.push('throw', 'hang')
    await answer('hello')
    await clock.advance(sendDeadlineMs + 60_000)
    expect(net.texts()).toEqual(['hello'])
    expect(net.calls.map((call) => call.what)).toEqual(['send', 'find', 'find', 'find'])
    expect(await rows()).toMatchObject([{ state: 'sent', resent: 0 }])
  })
})

describe('while the line is down', () => {
  it('DUR-11: everything waits, in order, and goes out when it is up again', async () => {
    up = false
    await answer('first')
    await answer('second', target('tn2'))
    await clock.advance(5 * 3_600_000)
    expect(net.calls).toEqual([])
    await connect()
    expect(net.texts()).toEqual(['first', 'second'])
  })

  it('DUR-11: nothing waits for ever: after a day it is told as failed, also when the line never comes back', async () => {
    up = false
    await answer('first')
    await answer('second', target('tn2'))
    await clock.advance(retryForMs + 10)
    await settle()
    await clock.advance(10)
    expect((await rows()).map((row) => row.state)).toEqual(['failed', 'failed'])
    expect(ends).toHaveLength(2)
    expect(listeners.size).toBe(0)
  })

  it('a part that may have arrived is not told as failed after that day', async () => {
    net.plans.send.push('lost-answer')
    await answer('hello')
    up = false
    await clock.advance(retryForMs + 1_000)
    expect(await rows()).toMatchObject([{ state: 'ambiguous' }])
  })
})

describe('when the store fails', () => {
  it('after a message was sent, it is not sent again, and settled once the store is back', async () => {
    outbox = start(fragile(store))
    let failures = 3
    failCommits = (query) => query.startsWith('UPDATE deliveries') && query.includes('settled_at') && failures-- > 0
    await answer('hello')
    for (let pauses = 0; pauses < 5; pauses += 1) await clock.advance(31_000)
    expect(net.texts()).toEqual(['hello'])
    expect(net.calls).toHaveLength(1)
    expect(await rows()).toMatchObject([{ state: 'sent', resent: 0 }])
    expect(ends).toHaveLength(1)
  })

  it('before a message is tried, nothing is sent and it is tried when the store is back', async () => {
    outbox = start(fragile(store))
    net.plans.send.push(new SendProblem('not-sent', 'busy'))
    let failures = 4
    await answer('hello')
    failCommits = (query) => query.startsWith('UPDATE deliveries') && failures-- > 0
    for (let pauses = 0; pauses < 8; pauses += 1) await clock.advance(31_000)
    expect(net.texts()).toEqual(['hello'])
    expect(await rows()).toMatchObject([{ state: 'sent' }])
  })

  it('a rolled back answer is never sent', async () => {
    await expect(store.transaction(async (tx) => {
      await outbox.answer(tx, target(), 'hello')
      throw new Error('disk full')
    })).rejects.toThrow('disk full')
    await settle()
    expect(net.calls).toEqual([])
    await answer('hello')
    expect(net.texts()).toEqual(['hello'])
  })
})

describe('after a crash', () => {
  const crashDuringSend = async (plan: 'hang' | 'lost-answer'): Promise<void> => {
    net.plans.send.push(plan)
    await answer('hello')
    await outbox.close(0)
    outbox = start()
  }
  it('what was never tried is sent', async () => {
    up = false
    await answer('hello')
    await outbox.close(0)
    outbox = start()
    expect(await outbox.resume()).toBe(1)
    await connect()
    expect(net.texts()).toEqual(['hello'])
    expect(await rows()).toMatchObject([{ resent: 0 }])
  })
  it('what was on the wire is sent again and marked where nothing else can be known', async () => {
    await crashDuringSend('lost-answer')
    await outbox.resume()
    await settle()
    expect(net.texts()).toEqual(['hello', 'hello'])
    expect(await rows()).toMatchObject([{ state: 'sent', resent: 1 }])
  })
  it('that comes again and again waits longer each time, from the last try on, however short the lives are', async () => {
    const tries: number[] = []
    net.plans.send.push('hang')
    await answer('hello')
    // Lives of a second each: none would see the end of a pause that begins with it.
    for (let life = 1; life <= 20; life += 1) {
      const dead = outbox.close(0)
      await clock.advance(1_000)
      await dead
      const before = net.calls.length
      outbox = start()
      net.plans.send = ['hang']
      await outbox.resume()
      await settle()
      if (net.calls.length > before) tries.push(life)
    }
    // At once three times, then after 2, 4 and 8 seconds.
    expect(tries).toEqual([1, 2, 3, 5, 9, 17])
  })
  it('what arrived is found in the history and not sent again', async () => {
    net = network({ history: true })
    await crashDuringSend('lost-answer')
    await outbox.resume()
    await settle()
    expect(net.texts()).toEqual(['hello'])
    expect(await rows()).toMatchObject([{ state: 'sent', resent: 0 }])
  })
})

describe('a live preview', () => {
  const words = 'These are the first words of it'
  const showing = async (turn = target()): Promise<ReturnType<OutboxRoom['preview']>> => {
    const preview = outbox.preview(turn, commitNow)
    preview.show(write(words))
    await clock.advance(1_000)
    await settle()
    return preview
  }
  beforeEach(() => { net = network({ edit: true }) })

  it('grows into the answer within one message', async () => {
    const preview = await showing()
    expect(net.texts()).toEqual([words])
    preview.show(write(' and more'))
    await clock.advance(1_000)
    expect(net.texts()).toEqual([`${words} and more`])
    preview.end()
    await answer('The whole answer.')
    expect(net.texts()).toEqual(['The whole answer.'])
    expect(await rows()).toMatchObject([{ state: 'sent', draft: 0 }])
    expect(ends).toHaveLength(1)
  })

  it('becomes the first part of a longer answer', async () => {
    ;(await showing()).end()
    await answer(`${'a'.repeat(80)}\n\n${'b'.repeat(80)}`)
    expect(net.texts()).toEqual(['a'.repeat(80), 'b'.repeat(80)])
  })

  it('is taken back when the turn ends without words', async () => {
    ;(await showing()).end()
    await outbox.withdraw(target())
    await settle()
    expect(net.texts()).toEqual([])
    expect(await outbox.counts()).toEqual({ waiting: 0, ambiguous: 0, failed: 0 })
    expect(await outbox.previews()).toEqual([])
  })

  it('that someone deleted is followed by the whole answer as a new message', async () => {
    ;(await showing()).end()
    net.forget('m1')
    await answer('The whole answer.')
    expect(net.texts()).toEqual(['The whole answer.'])
  })

  it('that someone deleted is followed by a new message also where the network knows keys again', async () => {
    net = network({ edit: true, nonce: true })
    ;(await showing()).end()
    net.forget('m1')
    await answer('The whole answer.')
    expect(net.texts()).toEqual(['The whole answer.'])
  })

  it('that was certainly not sent leaves nothing uncertain behind', async () => {
    net.plans.send.push(new SendProblem('not-sent', 'busy'))
    ;(await showing()).end()
    await answer('The whole answer.')
    expect(net.texts()).toEqual(['The whole answer.'])
    expect(await rows()).toMatchObject([{ state: 'sent', resent: 0 }])
  })

  it.each([['a nonce', { nonce: true }], ['a history', { history: true }]])('whose sending was uncertain is replaced by the whole words on a network with %s', async (_name, able) => {
    net = network({ edit: true, ...able })
    net.plans.send.push('lost-answer')
    ;(await showing()).end()
    await answer('The whole answer.')
    expect(net.texts()).toEqual(['The whole answer.'])
    expect(await rows()).toMatchObject([{ state: 'sent', resent: 0 }])
  })

  it('stays one message when the store could not be told of it', async () => {
    outbox = start(fragile(store))
    failCommits = (query) => query.startsWith('UPDATE deliveries') && query.includes('platform_id')
    const preview = await showing()
    failCommits = () => false
    preview.end()
    await answer('The whole answer.', target(), outbox)
    expect(net.texts()).toEqual(['The whole answer.'])
  })

  it('left by a crash is completed by the turn that goes on', async () => {
    await showing()
    await outbox.close(0)
    outbox = start()
    expect(await outbox.resume()).toBe(1)
    await settle()
    expect(net.texts()).toEqual([words])
    expect(await outbox.previews()).toHaveLength(1)
    await answer('The whole answer.')
    expect(net.texts()).toEqual(['The whole answer.'])
  })

  it('does not begin for a few letters, the silent word, or a place that cannot edit', async () => {
    const preview = outbox.preview(target(), commitNow)
    preview.show(write('NO_REPLY'))
    await clock.advance(5_000)
    preview.end()
    net = network()
    const other = outbox.preview(target('tn2'), commitNow)
    other.show(write(words))
    await clock.advance(5_000)
    expect(net.calls).toEqual([])
    expect(await rows()).toEqual([])
  })

  it('starts over when another model takes over', async () => {
    const preview = await showing()
    preview.show({ type: 'failover', from: 'a', to: 'b', fault: { class: 'overloaded', message: 'busy' } })
    preview.show(write('Other words by another model.'))
    await clock.advance(2_000)
    expect(net.texts()).toEqual(['Other words by another model.'])
  })
})

describe('a message outside any turn', () => {
  it('resolves once it is sent, with its state', async () => {
    expect(await outbox.send({ chat: place(), markdown: 'hello', principal: owner })).toMatchObject({ state: 'sent', platformId: 'm1' })
  })

  it('is sent once for one key, however often and whenever it is asked for', async () => {
    const ask = () => outbox.send({ chat: place(), markdown: `${'a'.repeat(80)}\n\n${'b'.repeat(80)}`, principal: owner, key: 'k' })
    const [one, two] = await Promise.all([ask(), ask()])
    const three = await ask()
    expect(net.calls).toHaveLength(2)
    expect([two.id, three.id]).toEqual([one.id, one.id])
    expect(three).toMatchObject({ part: 1, state: 'sent' })
  })

  it('is not taken for a turn\'s answer or another person\'s message of the same key', async () => {
    await answer('the answer', target('tn1'))
    await outbox.send({ chat: place(), markdown: 'mine', principal: owner, key: 'tn1' })
    await outbox.send({ chat: place(), markdown: 'theirs', principal: 'other' as PrincipalId, key: 'tn1' })
    expect(net.texts()).toEqual(['the answer', 'mine', 'theirs'])
  })

  it('without words is refused', async () => {
    await expect(outbox.send({ chat: place(), markdown: ' \n ', principal: owner })).rejects.toMatchObject({ code: 'send-empty' })
  })
})

it('words of the gateway answer a message and are found under it', async () => {
  await store.transaction((tx) => outbox.reply(tx, { inbox: 'in1' as InboxId, chat: place(), principal: owner }, 'Stopped.', 'command'))
  await settle()
  expect((await outbox.ofInbox('in1' as InboxId)).map((row) => row.state)).toEqual(['sent'])
  expect((await outbox.find('m1')).map((row) => row.markdown)).toEqual(['Stopped.'])
})

it('an answer goes to a further place once, is found under its message, and is forgotten with it', async () => {
  const on = { inbox: 'in1' as InboxId, chat: place(), principal: owner }
  const long = `${'a'.repeat(80)}\n\n${'b'.repeat(80)}`
  const send = () => store.transaction((tx) => outbox.sendOn(tx, on, long))
  await send()
  await settle()
  await send()
  await settle()
  expect(net.calls).toHaveLength(2)
  expect((await outbox.sentOn(on.inbox)).map((row) => [row.part, row.state, row.markdown])).toEqual([[0, 'sent', 'a'.repeat(80)], [1, 'sent', 'b'.repeat(80)]])
  expect(await outbox.ofInbox(on.inbox)).toEqual([])
  await store.transaction((tx) => outbox.forget(tx, { turns: [], inbox: [on.inbox] }))
  expect((await outbox.sentOn(on.inbox)).map((row) => row.markdown)).toEqual(['', ''])
})

it('stops at once when the gateway does, whatever is waiting', async () => {
  net.plans.send.push(new SendProblem('not-sent', '429', { retryAfterMs: 3_600_000 }))
  await answer('first')
  await answer('second', target('tn2'))
  await outbox.close(60_000)
  expect(net.calls).toHaveLength(1)
  expect((await rows()).map((row) => row.settled_at)).toEqual([null, null])
})
