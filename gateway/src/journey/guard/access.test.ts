import { describe, expect, it } from 'vitest'
import type { IncomingMessage } from '@moltbot/contract'
import { decideAccess, isAddressed, listNames, listNamesOn, toolListsAt, type AccessConfig } from './access.ts'

const owner = { known: true, owner: true }
const paired = { known: true, owner: false }
const stranger = { known: false, owner: false }

function message(more: { id?: string; kind?: string; chat?: string; thread?: string; text?: string; mentioned?: string; isBot?: boolean; name?: string; username?: string; quotesUs?: boolean } = {}): IncomingMessage {
  return {
    id: '1', chat: { channel: 'telegram', account: 'default', chat: more.chat ?? '-100', kind: more.kind ?? 'direct', ...(more.thread === undefined ? {} : { thread: more.thread }) },
    sender: { id: more.id ?? '42', ...(more.isBot === undefined ? {} : { isBot: more.isBot }), ...(more.name === undefined ? {} : { name: more.name }), ...(more.username === undefined ? {} : { username: more.username }) },
    sentAt: 0, text: more.text ?? 'hello', attachments: [], mentioned: more.mentioned ?? 'no', ...(more.quotesUs === undefined ? {} : { quoted: { id: 'q', fromUs: more.quotesUs } }),
  } as unknown as IncomingMessage
}
const decide = (config: AccessConfig, who = stranger, of = message(), more = {}): string =>
  decideAccess(of, config, { ...who, defaultGroupPolicy: 'allowlist', patterns: [], command: false, activation: undefined, ...more }).kind

describe('direct messages', () => {
  const odd = ['Open', 'ALLOW', 'true', 'everyone', ' ', '']
  it.each<[string, AccessConfig, string, string, string]>([
    // policy and list                      config                                                stranger  paired   owner
    ['nothing configured', {}, 'pair', 'allow', 'allow'],
    ['pairing', { dmPolicy: 'pairing' }, 'pair', 'allow', 'allow'],
    ['pairing, stranger listed', { dmPolicy: 'pairing', allowFrom: ['42'] }, 'allow', 'allow', 'allow'],
    ['pairing, listed as a number', { dmPolicy: 'pairing', allowFrom: [42] }, 'allow', 'allow', 'allow'],
    ['pairing, listed with the channel', { allowFrom: ['Telegram:42'] }, 'allow', 'allow', 'allow'],
    ['pairing, listed on another channel', { allowFrom: ['signal:42'] }, 'pair', 'allow', 'allow'],
    ['pairing with *', { dmPolicy: 'pairing', allowFrom: ['*'] }, 'pair', 'allow', 'allow'],
    ['allowlist without a list', { dmPolicy: 'allowlist' }, 'deny', 'deny', 'allow'],
    ['allowlist, empty', { dmPolicy: 'allowlist', allowFrom: [] }, 'deny', 'deny', 'allow'],
    ['allowlist of blanks', { dmPolicy: 'allowlist', allowFrom: ['', ' '] }, 'deny', 'deny', 'allow'],
    ['allowlist with *', { dmPolicy: 'allowlist', allowFrom: ['*'] }, 'deny', 'deny', 'allow'],
    ['allowlist, listed', { dmPolicy: 'allowlist', allowFrom: ['42'] }, 'allow', 'allow', 'allow'],
    ['allowlist, part of the id', { dmPolicy: 'allowlist', allowFrom: ['4', '142', '421'] }, 'deny', 'deny', 'allow'],
    ['open without *', { dmPolicy: 'open' }, 'deny', 'allow', 'allow'],
    ['open, empty list', { dmPolicy: 'open', allowFrom: [] }, 'deny', 'allow', 'allow'],
    ['open with *', { dmPolicy: 'open', allowFrom: ['*'] }, 'allow', 'allow', 'allow'],
    ['open with a channel and *', { dmPolicy: 'open', allowFrom: ['telegram:*'] }, 'deny', 'allow', 'allow'],
    ['disabled', { dmPolicy: 'disabled', allowFrom: ['42', '*'] }, 'deny', 'deny', 'deny'],
    ...odd.map((dmPolicy): [string, AccessConfig, string, string, string] => [`odd policy ${JSON.stringify(dmPolicy)}`, { dmPolicy, allowFrom: ['*', '42'] }, 'deny', 'deny', 'allow']),
    ['policy of another type', { dmPolicy: ['open'] as never, allowFrom: ['*'] }, 'deny', 'deny', 'allow'],
  ])('%s', (_name, config, forStranger, forPaired, forOwner) => {
    expect([decide(config, stranger), decide(config, paired), decide(config, owner)]).toEqual([forStranger, forPaired, forOwner])
  })

  it('no list and no policy lets in a sender without an id, or one called like a wildcard', () => {
    for (const id of ['', ' ', '\t']) expect(decide({ dmPolicy: 'open', allowFrom: ['*', ''] }, paired, message({ id }))).toBe('deny')
    expect(decide({ dmPolicy: 'allowlist', allowFrom: ['*', 'telegram:*'] }, stranger, message({ id: '*' }))).toBe('deny')
  })

  it('bots are not answered unless that is wanted, and then they are strangers', () => {
    expect(decide({ dmPolicy: 'open', allowFrom: ['*'] }, paired, message({ isBot: true }))).toBe('deny')
    expect(decide({ dmPolicy: 'open', allowFrom: ['*'], allowBots: 'yes' as never }, paired, message({ isBot: true }))).toBe('deny')
    expect(decide({ allowBots: true }, stranger, message({ isBot: true }))).toBe('pair')
  })

  it('what a sender can change about themselves never opens a door', () => {
    const lists = [['anna'], ['@anna'], ['Anna A.'], ['telegram:@anna'], ['telegram:anna'], ['-100'], ['telegram:-100']]
    for (const allowFrom of lists) expect(decide({ dmPolicy: 'allowlist', allowFrom }, stranger, message({ id: '7', name: 'Anna A.', username: 'anna', chat: '-100' }))).toBe('deny')
    expect(decide({ dmPolicy: 'allowlist', allowFrom: ['U1A'] }, stranger, message({ id: 'u1a' }))).toBe('deny')
    expect(decide({ dmPolicy: 'allowlist', allowFrom: ['аnna'] }, stranger, message({ id: 'anna' }))).toBe('deny')
  })
})

describe('groups', () => {
  const inGroup = (more = {}) => message({ kind: 'group', mentioned: 'yes', ...more })
  it.each<[string, AccessConfig, string, string, string]>([
    // what                                 config                                                               stranger  paired   owner
    ['nothing configured', {}, 'deny', 'deny', 'deny'],
    ['group listed, nobody listed', { groups: { '-100': {} } }, 'deny', 'deny', 'allow'],
    ['group listed, empty lists', { groups: { '-100': {} }, groupAllowFrom: [], allowFrom: [] }, 'deny', 'deny', 'allow'],
    ['group and sender listed', { groups: { '-100': {} }, groupAllowFrom: ['42'] }, 'allow', 'allow', 'allow'],
    ['sender listed for direct chats', { groups: { '-100': {} }, allowFrom: ['42'] }, 'allow', 'allow', 'allow'],
    ['* for direct chats', { groups: { '-100': {} }, allowFrom: ['*'], dmPolicy: 'open' }, 'deny', 'deny', 'allow'],
    ['* for groups', { groups: { '-100': {} }, groupAllowFrom: ['*'] }, 'allow', 'allow', 'allow'],
    ['another group listed', { groups: { '-200': {} }, groupAllowFrom: ['42'] }, 'deny', 'deny', 'deny'],
    ['every group listed', { groups: { '*': {} }, groupAllowFrom: ['42'] }, 'allow', 'allow', 'allow'],
    ['a group of its own list', { groups: { '-100': { allowFrom: ['1'] } }, groupAllowFrom: ['42'] }, 'deny', 'deny', 'allow'],
    ['a group for nobody', { groups: { '-100': { allowFrom: [] } }, groupAllowFrom: ['42'] }, 'deny', 'deny', 'allow'],
    ['the group\'s id among the senders', { groups: { '-100': {} }, groupAllowFrom: ['-100', 'telegram:-100'] }, 'deny', 'deny', 'allow'],
    ['switched off', { groups: { '-100': { enabled: false } }, groupAllowFrom: ['42'] }, 'deny', 'deny', 'deny'],
    ['its own entry beats *', { groups: { '-100': { enabled: false }, '*': {} }, groupAllowFrom: ['42'] }, 'deny', 'deny', 'deny'],
    ['open', { groupPolicy: 'open' }, 'allow', 'allow', 'allow'],
    ['open with an empty list', { groupPolicy: 'open', groupAllowFrom: [] }, 'allow', 'allow', 'allow'],
    ['open with a list', { groupPolicy: 'open', groupAllowFrom: ['1'] }, 'deny', 'deny', 'allow'],
    ['open, but this one for nobody', { groupPolicy: 'open', groups: { '-100': { allowFrom: [] } } }, 'deny', 'deny', 'allow'],
    ['disabled', { groupPolicy: 'disabled', groups: { '-100': {} }, groupAllowFrom: ['42'] }, 'deny', 'deny', 'deny'],
    ['odd policy', { groupPolicy: 'OPEN', groups: { '-100': {} }, groupAllowFrom: ['42'] }, 'deny', 'deny', 'deny'],
  ])('%s', (_name, config, forStranger, forPaired, forOwner) => {
    expect([decide(config, stranger, inGroup()), decide(config, paired, inGroup()), decide(config, owner, inGroup())]).toEqual([forStranger, forPaired, forOwner])
  })

  it('a place of an unknown kind is treated as a group, never as a private chat', () => {
    for (const kind of ['channel', '', 'Direct', 'undefined']) expect(decide({ dmPolicy: 'open', allowFrom: ['*'] }, paired, message({ kind }))).toBe('deny')
  })

  it('a group called like a part of every object is not listed by that', () => {
    for (const chat of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) expect(decide({ groups: {}, groupAllowFrom: ['42'] }, stranger, inGroup({ chat }))).toBe('deny')
    expect(decide({ groups: { '-100': { topics: {} } }, groupAllowFrom: ['42'] }, stranger, inGroup({ thread: 'constructor' }))).toBe('allow')
  })

  it('a topic inherits from its group and may say otherwise', () => {
    const config: AccessConfig = { groupAllowFrom: ['42'], groups: { '-100': { requireMention: false, topics: { 7: { enabled: false }, 8: { requireMention: true }, 9: { allowFrom: ['1'] } } } } }
    const said = (thread?: string) => decide(config, stranger, inGroup({ mentioned: 'no', ...(thread === undefined ? {} : { thread }) }))
    expect([said(), said('7'), said('8'), said('9'), said('10')]).toEqual(['allow', 'deny', 'not-addressed', 'deny', 'allow'])
  })

  it('answers only when it is addressed, unless that is switched off', () => {
    const config: AccessConfig = { groups: { '-100': {} }, groupAllowFrom: ['42'] }
    const said = (more: object, facts = {}, over: AccessConfig = {}) => decide({ ...config, ...over }, stranger, message({ kind: 'group', ...more }), facts)
    expect(said({})).toBe('not-addressed')
    expect(said({ mentioned: 'unknown' })).toBe('not-addressed')
    expect(said({ mentioned: 'yes' })).toBe('allow')
    expect(said({ quotesUs: true })).toBe('allow')
    expect(said({ quotesUs: false })).toBe('not-addressed')
    expect(said({ text: 'hey Jeeves' }, { patterns: [/\bjeeves\b/iu] })).toBe('allow')
    expect(said({}, { command: true })).toBe('allow')
    expect(said({}, { activation: 'always' })).toBe('allow')
    expect(said({}, { activation: 'mention' }, { requireMention: false })).toBe('not-addressed')
    expect(said({}, {}, { requireMention: false })).toBe('allow')
    expect(said({}, {}, { requireMention: false, groupPolicy: 'mention-only' })).toBe('not-addressed')
    expect(decide({ ...config, groups: { '-100': { allowFrom: ['1'] } } }, stranger, inGroup(), { command: true })).toBe('deny')
  })

  it('looks at the beginning of a long text only', () => {
    const spoken = (kind: 'voice' | 'audio', text: string) => isAddressed({ ...message({ text: '' }), attachments: [{ kind, reading: { kind: 'transcript', text, truncated: false } }] }, [/jeeves/i])
    expect([spoken('voice', 'Tell me, Jeeves'), spoken('voice', 'Tell me'), spoken('audio', 'Jeeves')]).toEqual([true, false, false])
    expect(isAddressed(message({ text: '**Jee**ves_, tea' }), [/^jeeves, /i])).toBe(true)
    expect(isAddressed(message({ text: `${'x'.repeat(2_000)} jeeves` }), [/jeeves/])).toBe(false)
  })
})

it('one list for all channels names nobody by an id alone', () => {
  expect(listNamesOn(['42', '*', '', ':42', 'telegram:', 'telegram: 42 '], 'telegram', '42')).toBe(true)
  expect(listNamesOn(['42', '*', '', ':42', 'telegram:', 'telegram:*'], 'telegram', '42')).toBe(false)
  // A sender on another network whose id is spelt like an entry is not the one it names.
  expect(listNamesOn(['telegram:42'], 'irc', 'telegram:42')).toBe(false)
  expect(listNamesOn(['telegram:*'], 'telegram', '*')).toBe(false)
  expect(listNamesOn(['telegram:'], 'telegram', '')).toBe(false)
  expect(listNames(['@u:server'], 'matrix', '@u:server')).toBe(true)
  expect(listNames([null as never, undefined as never], 'x', 'y')).toBe(false)
})

it('a group\'s lists come before those of its senders; a topic may have its own; nobody inherits from the language', () => {
  const config: AccessConfig = { groups: {
    '-1': { tools: { deny: ['run'] }, toolsBySender: { '7': { allow: ['read'] }, '*': { deny: ['write'] } }, topics: { '3': { tools: { allow: ['status'] } } } },
    '*': { tools: { allow: [] } },
  } }
  const names = (chat: string, senders: string[], thread?: string): string[] => toolListsAt(config, { chat: chat as never, ...(thread === undefined ? {} : { thread: thread as never }) }, senders).map(({ name }) => name)
  expect(names('-1', ['7', '8', '7'])).toEqual(['groups.-1.tools', 'groups.-1.toolsBySender.7', 'groups.-1.toolsBySender.*'])
  expect(names('-1', ['constructor'])).toEqual(['groups.-1.tools', 'groups.-1.toolsBySender.*'])
  expect(names('-2', ['7'])).toEqual(['groups.*.tools'])
  expect(toolListsAt(config, { chat: '-1' as never, thread: '3' as never }, [])[0]?.lists).toEqual({ allow: ['status'] })
  expect(toolListsAt({}, { chat: '-1' as never }, ['7'])).toEqual([])
})
