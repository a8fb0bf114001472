import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Effect, Principal, Store } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { openStore } from '../../foundation/storage/index.ts'
import { approvalValidMs, createApprovals, isStandingIn, type Approvals } from './approvals.ts'
import { guardApprovalsMigration, guardConversationsMigration } from './index.ts'
import type { Question } from './types.ts'

const owner: Principal = { id: 'owner' as never, role: 'owner' }
const member: Principal = { id: 'm1' as never, role: 'member' }
let clock: FakeClock
let store: Store
let approvals: Approvals
let record: string[]
beforeEach(async () => {
  clock = new FakeClock()
  store = await openStore({ file: ':memory:', migrations: [guardApprovalsMigration, guardConversationsMigration] })
  record = []
  let count = 0
  approvals = createApprovals({
    store, clock, newId: (prefix) => `${prefix}-${++count}`, asNow: async (_tx, principal) => principal,
    audit: { append: async (_tx: unknown, entry: { act: string; outcome: string }) => void record.push(`${entry.act} ${entry.outcome}`) } as never,
  })
})
afterEach(() => store.close())

const question = (changes: Partial<Question> = {}): Question => ({
  tool: 'run', input: { command: 'ls -l' }, effects: [{ kind: 'runs-code', what: 'ls -l', plain: true }], agent: 'main' as never, session: 'agent:main:main' as never, principal: owner,
  turn: 't1' as never, summary: 'Run: ls -l', reason: 'because', ...changes,
})
const ask = (changes: Partial<Question> = {}) => store.transaction((tx) => approvals.ask(tx, question(changes)))
const take = (id: string, changes: Partial<Question> = {}) => store.transaction((tx) => approvals.take(tx, id, question(changes)))
const by = { principal: owner, via: 'test' }

it('a yes is good for one call, and for no other bytes, person, agent or conversation', async () => {
  const { id } = await ask()
  expect(await take(id)).toBe(false)
  await approvals.decide(id, 'allow-once', by)
  for (const other of [{ input: { command: 'ls -l /' } }, { tool: 'write' }, { principal: member }, { agent: 'other' as never }, { session: 'agent:main:x' as never }]) expect([other, await take(id, other)]).toEqual([other, false])
  expect(await take(id, { input: { command: 'ls -l' } })).toBe(true)
  expect(await take(id)).toBe(false)
  expect(record.at(-1)).toBe('approval.used deny')
})

it('no answer means no, and a yes that comes too late does nothing', async () => {
  const { id } = await ask()
  const decided = approvals.waitFor(id, new AbortController().signal)
  clock.advance(approvalValidMs)
  expect((await decided).state).toBe('expired')
  await expect(approvals.decide(id, 'allow-once', by)).rejects.toMatchObject({ code: 'approval-over' })
  expect(await take(id)).toBe(false)
})

it('a yes that is not used in time is worth nothing', async () => {
  const { id } = await ask()
  await approvals.decide(id, 'allow-once', by)
  clock.advance(approvalValidMs)
  expect(await take(id)).toBe(false)
})

it('a flood of questions ends with the fiftieth, which takes nothing from the others, and is over when theirs is', async () => {
  const { id } = await ask({ turn: 'mine' as never })
  let refused = 0
  for (let number = 0; number < 60; number += 1) {
    await ask({ turn: `t${number}` as never, principal: member, input: { command: `rm ${number}` } }).catch((error: { code?: string }) => { if (error.code === 'approvals-full') refused += 1 })
  }
  expect(refused).toBe(11)
  await approvals.decide(id, 'allow-once', by)
  expect(await take(id)).toBe(true)
  clock.advance(approvalValidMs)
  expect((await ask({ turn: 'later' as never })).state).toBe('pending')
})

it('a store that fails loses no question, and answers the next', async () => {
  const { id } = await ask()
  await expect(store.transaction(async (tx) => { await approvals.ask(tx, question({ turn: 't2' as never })); throw new Error('the disk is full') })).rejects.toThrow('full')
  await expect(store.transaction((tx) => approvals.ask(tx, question({ input: { count: 1n } })))).rejects.toThrow()
  await approvals.decide(id, 'allow-once', by)
  expect(await take(id)).toBe(true)
})

it('a turn that asks again finds its question; a client that asks again asks anew, whatever was answered before', async () => {
  const first = await ask()
  expect((await ask()).id).toBe(first.id)
  await approvals.decide(first.id, 'allow-once', by)
  expect(await ask()).toMatchObject({ id: first.id, state: 'allowed' })

  const client = await approvals.request(question({ id: 'c1', turn: null }))
  await approvals.decide(client.id, 'allow-once', by)
  expect(await approvals.request(question({ id: 'c2', turn: null }))).toMatchObject({ id: 'c2', state: 'pending' })
  await expect(approvals.request(question({ id: 'c2', turn: null }))).rejects.toMatchObject({ code: 'approval-pending' })
})

it('only the owner answers for others; nobody answers twice', async () => {
  const { id, code } = await ask({ principal: member })
  await expect(approvals.decide(code, 'allow-once', { principal: member, via: 'chat' })).rejects.toMatchObject({ code: 'approval-not-yours' })
  await approvals.decide(code.toLowerCase(), 'deny', by)
  await expect(approvals.decide(id, 'allow-once', by)).rejects.toMatchObject({ code: 'approval-over' })
  expect(await take(id, { principal: member })).toBe(false)
})

it('what was allowed for good covers exactly that, and is taken back', async () => {
  const { id } = await ask()
  await approvals.decide(id, 'allow-always', by)
  const stands = (what: string, principal = owner) => isStandingIn(store.read, principal.id, 'main' as never, { kind: 'runs-code', what, plain: true }, { session: null, conversation: null })
  expect([await stands('ls -l'), await stands('ls -l '), await stands('ls -l', member)]).toEqual([true, false, false])
  expect(await approvals.revokeStanding('all', by)).toBe(1)
  expect(await stands('ls -l')).toBe(false)
  const changes = await ask({ effects: [{ kind: 'changes-gateway', what: 'the configuration' }], input: {} })
  expect(changes.always).toBeNull()
  await expect(approvals.decide(changes.id, 'allow-always', by)).rejects.toMatchObject({ code: 'approval-once-only' })
})

it('shows the whole call with nothing hidden in it', async () => {
  const { summary, detail } = await ask({ summary: 'Run: ls\u202Egnp.exe\u200B\n\u001B[2Jrm', input: { command: 'a\u0000b' } })
  expect(summary).toBe('Run: ls⟨U+202E⟩gnp.exe⟨U+200B⟩⏎\n␛[2Jrm')
  expect(detail).toBe('command: a⟨U+0000⟩b')
})

it('filling in on a page is allowed for one host and one conversation; what sends something off is asked about each time', async () => {
  const fills = (to: string): Effect => ({ kind: 'sends', to, how: 'fills-in' })
  const place = (session: string, conversation: string | null) => ({ session: session as never, conversation })
  const stands = (effect: Effect, session = 'agent:main:main', conversation: string | null = 's1', principal = owner) => isStandingIn(store.read, principal.id, 'main' as never, effect, place(session, conversation))
  let calls = 0
  const asked = (changes: Partial<Question>) => ask({ tool: 'browser', input: { action: 'act', n: (calls += 1) }, conversation: 's1' as never, ...changes })
  const { id, always } = await asked({ effects: [fills('the site shop.example'), { kind: 'reads-untrusted', what: 'the open page' }] })
  expect(always).toBe('typing and choosing on pages of “the site shop.example”, who can read it at once, in the conversation “agent:main:main” until it begins afresh')
  await approvals.decide(id, 'allow-always', by)
  expect(await stands(fills('the site shop.example'))).toBe(true)
  expect((await approvals.standing()).map(({ words }) => words)).toEqual([always])
  for (const [effect, ...where] of [
    [fills('the site other.example')], [{ kind: 'sends', to: 'the site shop.example', how: 'acts' }], [{ kind: 'sends', to: 'the site shop.example' }], [{ kind: 'sends', to: 'the site shop.example, typing and choosing, s1' }],
    [fills('the site shop.example'), 'agent:main:other', 's2'], [fills('the site shop.example'), 'agent:main:main', 's2'], [fills('the site shop.example'), 'agent:main:main', null],
  ] as [Effect, string?, (string | null)?][]) expect([effect, where, await stands(effect, ...where)]).toEqual([effect, where, false])
  expect(await stands(fills('the site shop.example'), 'agent:main:main', 's1', member)).toBe(false)

  expect((await asked({ effects: [{ kind: 'sends', to: 'the site shop.example', how: 'acts' }] })).always).toBeNull()
  // Nobody knows of which conversation it would be: then it lasts for none.
  const { conversation: _, ...nowhere } = question({ tool: 'browser', input: { n: 2 }, effects: [fills('the site shop.example')] })
  expect((await store.transaction((tx) => approvals.ask(tx, nowhere))).always).toBeNull()

  // The next conversation's own takes the place of one that is over.
  await approvals.decide((await asked({ effects: [fills('the site shop.example')], conversation: 's2' as never })).id, 'allow-always', by)
  expect(await Promise.all(['s1', 's2'].map((conversation) => stands(fills('the site shop.example'), 'agent:main:main', conversation)))).toEqual([false, true])
  expect(await approvals.standing()).toHaveLength(1)
})
