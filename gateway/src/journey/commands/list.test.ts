import { beforeEach, describe, expect, it } from 'vitest'
import { Problem, type IncomingMessage, type Principal, type SessionKey } from '@moltbot/contract'
import { chatCommands, type CommandNeeds } from './index.ts'

let done: [string, ...unknown[]][]
let settings: Record<string, unknown>
let waiting: { channel: string; sender: string; senderName: string | null; code: string }[]
let known: string | undefined

const needs = {
  status: async () => ({ version: '1.2', uptimeMs: 3_900_000, model: 'a/m', session: 'k', contextTokens: 500, contextWindow: 1_000, queue: 'empty', channels: [{ id: 'telegram', account: 'two', state: 'connected' }], usageToday: { input: 1_234, output: 5, costUsd: null } }),
  session: async () => ({ settings, usage: { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 } }),
  patch: async (_key: string, changes: unknown) => { done.push(['patch', changes]) }, reset: async () => { done.push(['reset']) },
  stop: async () => ({ turns: 1, waiting: 1, calls: [] }), compact: async (_key: string, focus: unknown) => { done.push(['compact', focus]); return { compacted: false, reason: 'There is nothing.' } },
  queueMode: () => 'steer', models: { list: async () => [{ provider: 'a', id: 'm', available: true }, { provider: 'b', id: 'n', available: false }], current: () => ({ primary: 'a/m', why: 'first' }), resolve: (name: string) => (name === 'm' ? 'a/m' : undefined) },
  pairing: { pending: async () => waiting, approve: async (channel: string, code: string, by: unknown) => { done.push(['approve', channel, code, by]); return { name: null, sender: '7', channel } }, reject: async (channel: string, code: string) => { done.push(['reject', channel, code]); return true } },
  why: async (id: string) => (id === 'in-1' ? { lines: ['the way'] } : undefined), lastMessage: async () => known,
  tools: async (_key: string, message: IncomingMessage) => ({ agentId: 'main', held: message.chat.channel === 'telegram' ? null : 'because', tools: [{ name: 'read', description: 'Reads.\nMore', removedBy: null }, { name: 'run', description: 'Runs', removedBy: 'tools.deny' }, { name: 'process', description: 'P', removedBy: 'tools.deny' }] }),
  money: async () => ({ todayUsd: 0.004, monthUsd: 1.2, caps: [{ name: 'daily', spentUsd: 0.5, capUsd: 5, leftUsd: 4.5 }] }),
} as unknown as CommandNeeds
beforeEach(() => {
  done = []
  settings = {}
  waiting = []
  known = undefined
})

async function run(line: string, role: Principal['role'] = 'owner'): Promise<unknown> {
  const [name = '', ...rest] = line.split(' ')
  const command = chatCommands.find((each) => each.name === name)
  if (command === undefined) throw new Error(name)
  try {
    return await command.run({ args: rest.join(' '), message: { chat: { channel: 'telegram', chat: 'c' }, sender: { id: '7' } } as unknown as IncomingMessage, inbox: 'in-2', principal: { id: 'p', role } as Principal, key: 'k' as SessionKey, needs, all: chatCommands })
  } catch (error) {
    return error instanceof Problem ? `problem ${error.code}` : error
  }
}

describe('each command', () => {
  it.each<[string, unknown, [string, ...unknown[]][]]>([
    ['stop', 'Stopped; 1 waiting message was let go.', []],
    ['new', 'A fresh start. What is it about?', [['reset']]],
    ['new m', 'A fresh start with a/m.', [['reset'], ['patch', { model: 'a/m' }]]],
    ['new hello there', { reply: '', pass: 'hello there' }, [['reset']]],
    ['new hello', { reply: '', pass: 'hello' }, [['reset']]],
    ['model', 'This session uses the default, a/m (first).', []],
    ['model list', '- a/m', []],
    ['model default', 'Back to the default, a/m.', [['patch', { model: null }]]],
    ['model m', 'From now on a/m answers here.', [['patch', { model: 'a/m' }]]],
    ['model nonsense', 'problem model-unknown', []],
    ['think', 'Thinking: default. Levels: off, minimal, low, medium, high, xhigh.', []],
    ['think off', 'Thinking is off.', [['patch', { thinking: 'off' }]]],
    ['think default', 'Thinking is back to the default.', [['patch', { thinking: null }]]],
    ['think constructor', 'problem thinking-unknown', []],
    ['usage', 'Today: $0.004. This month: $1.20.\nThis session: 1 tokens in, 2 out, 3 read from the cache. Line under answers: off.\n\n- daily: $4.50 of $5.00 left', []],
    ['usage cost', expect.stringContaining('daily: $4.50 of $5.00 left'), []],
    ['usage full', 'Each answer now ends with its usage.', [['patch', { usageFooter: 'full' }]]],
    ['usage everything', 'problem usage-unknown', []],
    ['tools', '`main` may use here: `read`.\n\nNot here:\n- `run`, `process`: taken away by ` tools.deny `', []],
    ['tools verbose', '`main` may use here:\n- `read` Reads.\n\nNot here:\n- `run`, `process`: taken away by ` tools.deny `', []],
    ['tools everything', 'problem tools-words', []],
    ['compact', 'There is nothing.', [['compact', undefined]]],
    [`compact ${'x'.repeat(900)}`, 'There is nothing.', [['compact', 'x'.repeat(800)]]],
    ['queue', 'Queue: steer.', []],
    ['queue collect', 'Queue: collect.', [['patch', { queue: 'collect' }]]],
    ['queue default', 'The queue is back to its default.', [['patch', { queue: null }]]],
    ['queue __proto__', 'problem queue-unknown', []],
    ['why in-1', '```\nthe way\n```', []],
    ['why in-9', 'I know nothing about that.', []],
    ['why', 'I know nothing about that.', []],
    ['pair', 'Nobody is waiting.', []],
    ['pair ABCDEFGH', 'problem pairing-none', []],
  ])('/%s', async (line, answer, acts) => {
    expect(await run(line)).toEqual(answer)
    expect(done).toEqual(acts)
  })

  it('/status tells what there is to tell', async () => {
    expect(await run('status')).toBe('**Moltbot 1.2**, up 1 h 5 min\nModel: a/m\nSession: k\nContext: 500 of 1,000 tokens (50 %)\nQueue: empty\nToday: 1,234 tokens in, 5 out\ntelegram/two: connected')
  })

  it('/pair lists, lets in on the channel of the code and refuses', async () => {
    waiting = [{ channel: 'signal', sender: '1', senderName: 'Eve', code: 'AAAAAAAA' }, { channel: 'telegram', sender: '2', senderName: null, code: 'BBBBBBBB' }]
    expect(await run('pair')).toContain('- signal Eve (`1`): `/pair AAAAAAAA`')
    await run('pair bbbbbbbb')
    await run('pair approve AAAAAAAA')
    await run('pair reject BBBBBBBB')
    const by = { via: 'chat', principal: 'p' }
    expect(done).toEqual([['approve', 'telegram', 'bbbbbbbb', by], ['approve', 'signal', 'AAAAAAAA', by], ['reject', 'telegram', 'BBBBBBBB']])
  })
})

it('members see and ask no more than is theirs', async () => {
  expect(await run('commands', 'member')).not.toContain('/pair')
  expect(await run('commands')).toContain('/pair')
  expect(await run('why in-1', 'member')).toBe('problem why-owner')
  known = 'in-1'
  expect(await run('why', 'member')).toBe('```\nthe way\n```')
  expect(await run('whoami', 'member')).toContain('You are a member here.')
})

it('no two commands answer to one name, and every one can be shown', () => {
  const names = chatCommands.flatMap((command) => [command.name, ...command.aliases])
  expect(new Set(names).size).toBe(names.length)
  for (const command of chatCommands) expect(command.description).toMatch(/^[A-Z].{5,}/)
})
