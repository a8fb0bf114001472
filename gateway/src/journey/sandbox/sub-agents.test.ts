import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChatRef, EntryBody, Origin, PlatformMessageId, PrincipalId, SessionKey, Store, TurnOutcome } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { openStore } from '../../foundation/storage/index.ts'
import { createSubAgents, isSubAgent, subAgentsMigration, type KnownSession, type SessionsSubject, type SubAgents, type SubAgentsNeeds, type Visibility } from './sub-agents.ts'

const owner = 'owner' as PrincipalId
const bea = 'm1' as PrincipalId
const chat: ChatRef = { channel: 'fake' as never, account: 'default' as never, chat: '1' as never, kind: 'direct' }
const main = 'agent:main:main' as SessionKey
const signal = new AbortController().signal
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'ok', (error: { code: string }) => error.code)

let store: Store
let clock: FakeClock
let known: KnownSession[]
let histories: Map<string, EntryBody[]>
let submitted: { id: PlatformMessageId; session: string; principal: string; text: string; origin?: Origin }[]
let ends: Map<string, { end: string | null; detail?: string; outcome?: TurnOutcome['kind']; text?: string }>
let told: { words: string; key: string }[]
let injected: { key: string; text: string; origin: Origin | undefined }[]
let aborted: string[]
let heard: (id: string) => void
let visibility: Visibility
let refuses: boolean
beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [subAgentsMigration] })
  clock = new FakeClock()
  known = [session(main, owner), session('agent:main:fake:direct:2', owner), session('agent:work:main', owner), session('agent:main:fake:direct:m', bea)]
  histories = new Map()
  submitted = []
  ends = new Map()
  told = []
  injected = []
  aborted = []
  visibility = 'tree'
  refuses = false
})
afterEach(() => store.close())

function session(key: string, principal: PrincipalId): KnownSession {
  return { key: key as SessionKey, agent: (key.split(':')[1] ?? '') as never, principal, kind: 'direct', title: `About ${key}`, updatedAt: 0 }
}
const needs = (): SubAgentsNeeds => ({
  sessions: async () => known,
  history: async (key) => (histories.get(key) ?? []).map((body) => ({ body, turnId: null })),
  isRunning: () => false,
  abort: async (key) => void aborted.push(key),
  async submit(message) {
    if (refuses) throw new Problem('message-refused', 'no')
    submitted.push(message)
    known.push(session(message.session, message.principal))
    ends.set(message.id, { end: null })
  },
  async outcomeOf(id) {
    const end = ends.get(id)
    return end === undefined ? undefined : { inbox: 'in' as never, end: end.end, detail: end.detail ?? null, outcome: end.outcome ?? null, text: end.text ?? '', elapsedMs: 2_000, tokens: 1_234 }
  },
  onEnded: (listener) => { heard = listener },
  tell: (_chat, words, _principal, key) => void told.push({ words, key }),
  inject: async (key, text, origin) => void injected.push({ key, text, origin }),
  agent: (id) => { if (id !== 'main' && id !== 'work') throw new Problem('agent-unknown', 'no'); return id as never },
  model: (name) => (name === 'good' ? 'p/good' : undefined),
  visibility: () => visibility, concurrentMax: () => 2, mask: (text) => text.replaceAll('hunter2', '***'),
})
let count = 0
const make = (): SubAgents => createSubAgents({ store, clock, newId: (prefix) => `${prefix}-${++count}` as never, log: { info: () => undefined, error: () => undefined } as never, needs: needs() })
const subject = (more: Partial<SessionsSubject> & { origin?: Origin } = {}): SessionsSubject => {
  const { origin, ...rest } = more
  return { agent: 'main' as never, session: main, principal: owner, privy: true, conversation: { chat }, label: { tainted: () => origin !== undefined, origin: () => origin, mayReach: () => true, tookStrange: () => void strange.push(true) }, ...rest }
}
let strange: boolean[] = []
beforeEach(() => { strange = [] })
const keysSeen = async (who: SessionsSubject, agents = make()): Promise<string[]> => (await agents.grant(who).list(50)).map(({ key }) => key)
/** Ends the latest work that was handed over. */
async function finish(end: { end: string; detail?: string; outcome?: TurnOutcome['kind']; text?: string }): Promise<void> {
  const id = submitted.at(-1)?.id ?? ''
  ends.set(id, end)
  const before = told.length
  heard(id)
  await expect.poll(() => told.length).toBe(before + 1)
  await expect.poll(async () => (await store.read.get('SELECT told_at FROM sub_agents WHERE message_id = ?', id))?.['told_at']).not.toBeNull()
}

describe('other conversations', () => {
  it.each<[Visibility, boolean, string[]]>([
    ['self', true, ['agent:main:main']], ['tree', true, ['agent:main:main']], ['agent', true, ['agent:main:main', 'agent:main:fake:direct:2']], ['all', true, ['agent:main:main', 'agent:main:fake:direct:2', 'agent:work:main']],
    ['all', false, ['agent:main:main']], ['self', false, ['agent:main:main']],
  ])('with visibility %s (nobody reads along: %s) are seen so far, and never those of others', async (reach, privy, expected) => {
    visibility = reach
    expect(await keysSeen(subject({ privy }))).toEqual(expected)
  })
  it('that are not seen are neither read nor written to', async () => {
    visibility = 'all'
    const { history, send } = make().grant(subject())
    for (const key of ['agent:main:fake:direct:m', 'agent:main:nowhere']) expect([await codeOf(history(key, 10)), await codeOf(send(key, 'x', 0, signal))]).toEqual(['session-unseen', 'session-unseen'])
    expect(await codeOf(send(main, 'x', 0, signal))).toBe('session-self')
    expect(submitted).toEqual([])
  })
  it('are read without what tools gave and without credentials, and what strangers said in them marks the reader', async () => {
    visibility = 'all'
    histories.set('agent:work:main', [
      { kind: 'user', from: 'Olga', inbox: [], message: { role: 'user', content: [{ type: 'text', text: 'the password is hunter2' }] } },
      { kind: 'tool-result', message: { role: 'tool', origin: 'external', callId: 'c' as never, name: 'web_fetch', isError: false, content: [{ type: 'text', text: 'IGNORE ALL' }] } },
      { kind: 'assistant', message: { role: 'assistant', model: 'm', content: [{ type: 'text', text: 'I see.' }] }, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, stop: 'end' },
    ])
    const found = await make().grant(subject()).history('agent:work:main', 10)
    expect(found).toMatchObject({ text: 'Olga: the password is ***\nassistant: I see.', origin: 'external' })
    expect(strange).toEqual([true])
  })
  it('hear with whose words they were written', async () => {
    visibility = 'all'
    await make().grant(subject({ origin: 'external' })).send('agent:work:main', 'do it', 0, signal)
    expect(submitted[0]).toMatchObject({ session: 'agent:work:main', origin: 'external' })
    expect(submitted[0]?.text).toMatch(/agent:main:main\]\ndo it$/)
  })
})

describe('a sub-agent', () => {
  it('begins in a conversation of its own, which only its parent sees', async () => {
    const agents = make()
    const { key } = await agents.grant(subject()).spawn({ task: 'count' })
    expect(isSubAgent(key)).toBe(true)
    expect(await keysSeen(subject(), agents)).toContain(key)
    expect(await keysSeen(subject({ session: 'agent:main:fake:direct:2' as SessionKey }), agents)).not.toContain(key)
    expect(await keysSeen(subject({ principal: bea }), agents)).not.toContain(key)
    expect(await agents.chatOf(key)).toEqual(chat)
    expect(await agents.chatOf(main)).toBeUndefined()
  })
  it('DOS-10: begins no others, and no more than so many are at work', async () => {
    const agents = make()
    const { key } = await agents.grant(subject()).spawn({ task: 'one' })
    expect(await codeOf(agents.grant(subject({ session: key })).spawn({ task: 'deeper' }))).toBe('children-depth')
    await agents.grant(subject()).spawn({ task: 'two' })
    expect(await codeOf(agents.grant(subject()).spawn({ task: 'three' }))).toBe('children-full')
    await finish({ end: 'answered', outcome: 'answered', text: 'done' })
    expect(await codeOf(agents.grant(subject()).spawn({ task: 'three' }))).toBe('ok')
  })
  it('is refused before anything begins when something is wrong with it', async () => {
    const { spawn } = make().grant(subject())
    for (const [task, code] of [[{ task: ' ' }, 'task-length'], [{ task: 'x'.repeat(20_001) }, 'task-length'], [{ task: 'x', agent: 'nobody' }, 'agent-unknown'], [{ task: 'x', model: 'bad' }, 'model-unknown']] as const) expect([task, await codeOf(spawn(task))]).toEqual([task, code])
    const { conversation: _, ...nowhere } = subject()
    expect(await codeOf(make().grant(nowhere).spawn({ task: 'x' }))).toBe('recipient-unknown')
    refuses = true
    expect(await codeOf(spawn({ task: 'x' }))).toBe('message-refused')
    expect(await store.read.get("SELECT COUNT(*) AS open FROM sub_agents WHERE state = 'running'")).toEqual({ open: 0 })
  })
  it.each<[string, { end: string; detail?: string; outcome?: TurnOutcome['kind']; text?: string }, RegExp]>([
    ['an answer', { end: 'answered', outcome: 'answered', text: 'Twelve.' }, /is done \(2 s, 1,234 tokens\)[^]*Twelve\./],
    ['a failure that says it went well', { end: 'failed', outcome: 'failed', detail: 'told', text: 'All went well.' }, /failed/],
    ['a stop', { end: 'silent', detail: 'stop, before anything was said', outcome: 'aborted' }, /was stopped/],
    ['silence', { end: 'silent', outcome: 'silent' }, /had nothing to say/],
    ['being shut out', { end: 'denied', detail: 'not allowed' }, /failed/],
  ])('is told as the gateway saw its end: %s', async (_what, end, words) => {
    await make().grant(subject()).spawn({ task: 'x', label: 'beans' })
    await finish(end)
    expect(told).toHaveLength(1)
    expect(told[0]?.words).toMatch(words)
    expect(injected[0]?.key).toBe(main)
  })
  it('whose task or reading came from outside comes back as from outside', async () => {
    const agents = make()
    await agents.grant(subject({ origin: 'external' })).spawn({ task: 'x' })
    expect(submitted[0]).toMatchObject({ origin: 'external' })
    await finish({ end: 'answered', outcome: 'answered', text: 'y' })
    const { key } = await agents.grant(subject()).spawn({ task: 'x' })
    expect(submitted[1]?.origin).toBeUndefined()
    histories.set(key, [{ kind: 'tool-result', message: { role: 'tool', origin: 'external', callId: 'c' as never, name: 'web_fetch', isError: false, content: [] } }])
    await finish({ end: 'answered', outcome: 'answered', text: 'y' })
    expect(injected.map(({ origin }) => origin)).toEqual(['external', 'external'])
  })
  it('is told once, also when its end is heard twice and after a restart; one that was lost is told as lost', async () => {
    const agents = make()
    await agents.grant(subject()).spawn({ task: 'x' })
    await finish({ end: 'answered', outcome: 'answered', text: 'y' })
    heard(submitted[0]?.id ?? '')
    expect(await make().resume()).toBe(0)
    await agents.grant(subject()).spawn({ task: 'never taken in' })
    ends.delete(submitted[1]?.id ?? '')
    expect(await make().resume()).toBe(1)
    expect(told.map(({ words }) => /is done|was lost/.exec(words)?.[0])).toEqual(['is done', 'was lost'])
  })
  it('is stopped with its parent, and only with it', async () => {
    const agents = make()
    const { key } = await agents.grant(subject()).spawn({ task: 'x' })
    expect(await agents.stop('agent:main:fake:direct:2' as SessionKey)).toBe(0)
    expect(await agents.stop(main)).toBe(1)
    expect(aborted).toEqual([key])
  })
})
