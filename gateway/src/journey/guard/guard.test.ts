import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Action, AccountId, Channel, ChannelId, ConfigView, IncomingMessage, NewId, Principal, SenderId, Store, Verdict } from '@moltbot/contract'
import { FakeClock, countingIds, memoryLogger } from '@moltbot/contract/testing'
import { auditMigrations, createAudit } from '../../foundation/audit/index.ts'
import { openStore } from '../../foundation/storage/index.ts'
import type { AccessConfig } from './access.ts'
import { codeValidMs, createGuard, guardApprovalsMigration, guardConversationsMigration, guardMigration, guardPeopleMigration, type Approver, type GuardRoom } from './index.ts'
import { pendingMax } from './pairing.ts'
import type { Profile } from './roster.ts'

const telegram = 'telegram' as ChannelId
const account = 'default' as AccountId
const owner = 'owner' as Principal['id']
const cli: Approver = { via: 'cli', principal: owner }
const chat: Approver = { via: 'chat', principal: owner }
const minute = 60_000

let store: Store
let clock: FakeClock
let guard: GuardRoom
let access: AccessConfig
let owners: (string | number)[]
let newId: NewId
let profiles: Record<string, Profile>

function room(): GuardRoom {
  const audit = createAudit({ store, clock, newId, key: Buffer.alloc(32, 1) })
  return createGuard({
    store, clock, newId, log: memoryLogger(), audit,
    config: { get: (section: { path: string }) => (section.path === 'commands' ? { text: true, ownerAllowFrom: owners } : section.path === 'people' ? { profiles } : { groupPolicy: 'allowlist' }) } as unknown as ConfigView,
    channels: [{ id: 'telegram', senders: 'platform' }, { id: 'signal', senders: 'platform' }, { id: 'web', senders: 'authenticated' }] as unknown as Channel[],
    accountConfig: () => access, mentionPatterns: () => [], isCommand: (text) => text === 'stop' || text.startsWith('/status'), activation: async () => undefined,
  })
}
beforeEach(async () => {
  clock = new FakeClock()
  newId = countingIds()
  store = await openStore({ file: ':memory:', migrations: [...auditMigrations, guardMigration, guardPeopleMigration, guardApprovalsMigration, guardConversationsMigration] })
  access = {}
  owners = []
  profiles = {}
  guard = room()
})
afterEach(() => store.close())

let count = 0
const say = (id: string, more: { channel?: string; account?: string; kind?: string; name?: string; text?: string } = {}): Promise<Verdict> => store.transaction((tx) => guard.judgeMessage(tx, {
  id: String((count += 1)), chat: { channel: more.channel ?? 'telegram', account: more.account ?? 'default', chat: id, kind: more.kind ?? 'direct' }, sender: { id, ...(more.name === undefined ? {} : { name: more.name }) },
  sentAt: 0, text: more.text ?? 'hi', attachments: [], mentioned: 'no',
} as unknown as IncomingMessage))
const codeOf = async (id: string): Promise<string> => {
  await say(id)
  const found = (await guard.pending()).find((request) => request.sender === id)
  if (found === undefined) throw new Error('nobody waits')
  return found.code
}
const record = () => store.read.all<{ act: string; subject: string; outcome: string }>('SELECT act, subject, outcome FROM audit ORDER BY rowid')

describe('pairing', () => {
  it('gives a stranger one code of eight plain characters, and is silent for the hour after it', async () => {
    const first = await say('7')
    expect(first).toMatchObject({ kind: 'ask', code: expect.stringMatching(/^[A-HJ-NP-Z2-9]{8}$/) })
    expect(await say('7')).toEqual({ kind: 'ask', reason: 'unknown sender' })
    await clock.advance(codeValidMs - 1)
    expect(await say('7')).not.toHaveProperty('code')
    await clock.advance(1)
    expect(await guard.pending()).toEqual([])
    expect(await say('7')).toHaveProperty('code')
  })

  it('draws codes from the whole alphabet and never twice', async () => {
    const { makeCode } = await import('./pairing.ts')
    const codes = Array.from({ length: 3_000 }, makeCode)
    expect(new Set(codes).size).toBe(3_000)
    expect([...new Set(codes.join(''))].sort().join('')).toBe('23456789ABCDEFGHJKLMNPQRSTUVWXYZ')
  })

  it('lets three strangers wait per account, and ignores the others without a word', async () => {
    for (let id = 1; id <= pendingMax; id += 1) expect(await say(String(id))).toHaveProperty('code')
    expect(await say('4')).toEqual({ kind: 'ask', reason: 'unknown sender' })
    expect(await say('4', { account: 'second' })).toHaveProperty('code')
    expect(await guard.pending()).toHaveLength(4)
  })

  it('makes the first one let in from the command line the owner, and the next a member', async () => {
    expect(await guard.approve(telegram, (await codeOf('1')).toLowerCase(), cli)).toMatchObject({ role: 'owner', principal: 'owner' })
    expect(await guard.approve(telegram, ` ${await codeOf('2')} `, cli)).toMatchObject({ role: 'member' })
    expect(await say('1')).toMatchObject({ kind: 'allow', principal: { role: 'owner' } })
    expect(await say('2')).toMatchObject({ kind: 'allow', principal: { role: 'member' } })
  })

  it('makes nobody the owner by a word in a chat', async () => {
    expect(await guard.approve(telegram, await codeOf('1'), chat)).toMatchObject({ role: 'member' })
  })

  it('makes nobody the owner while the configuration names one', async () => {
    owners = ['telegram:99']
    expect(await guard.approve(telegram, await codeOf('1'), cli)).toMatchObject({ role: 'member' })
    owners = ['*', 'telegram:*', 'telegram:', '99']
    expect(await guard.approve(telegram, await codeOf('2'), cli)).toMatchObject({ role: 'owner' })
  })

  it('has one owner when two are let in at the same instant', async () => {
    const codes = [await codeOf('1'), await codeOf('2')]
    const roles = (await Promise.all(codes.map((code) => guard.approve(telegram, code, cli)))).map((paired) => paired.role)
    expect(roles.sort()).toEqual(['member', 'owner'])
  })

  it('spends a code once, also when it is given twice at the same instant', async () => {
    const code = await codeOf('1')
    const tries = await Promise.allSettled([guard.approve(telegram, code, cli), guard.approve(telegram, code, cli), guard.reject(telegram, code, cli)])
    expect(tries.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(await guard.paired()).toHaveLength(1)
  })

  it('counts a code for its channel only, and takes none after its hour', async () => {
    const code = await codeOf('1')
    await expect(guard.approve('signal' as ChannelId, code, cli)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
    await clock.advance(codeValidMs)
    await expect(guard.approve(telegram, code, cli)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
  })

  it('locks after ten wrong codes in a minute, also over a restart, and opens after five', async () => {
    const code = await codeOf('1')
    for (let wrong = 0; wrong < 10; wrong += 1) await expect(guard.approve(telegram, 'AAAAAAAA', cli)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
    guard = room()
    await expect(guard.approve(telegram, code, cli)).rejects.toMatchObject({ code: 'pairing-locked' })
    await expect(guard.reject(telegram, code, cli)).rejects.toMatchObject({ code: 'pairing-locked' })
    await clock.advance(5 * minute)
    expect(await guard.approve(telegram, await codeOf('1'), cli)).toMatchObject({ sender: '1' })
  })

  it('ends a code after five misses on its channel; the sender gets another one by writing again', async () => {
    const code = await codeOf('1')
    const elsewhere = await (async () => { await say('9', { channel: 'signal' }); return (await guard.pending('signal' as ChannelId))[0]?.code })()
    for (let wrong = 0; wrong < 4; wrong += 1) await expect(guard.approve(telegram, 'AAAAAAAA', cli)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
    expect((await guard.pending(telegram)).map((request) => request.code)).toEqual([code])
    await expect(guard.approve(telegram, 'AAAAAAAA', cli)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
    await expect(guard.approve(telegram, code, cli)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
    expect((await guard.pending('signal' as ChannelId))[0]?.code).toBe(elsewhere)
    expect(await say('1')).toHaveProperty('code')
  })

  it('locks in the middle of a burst: no more than ten guesses are looked at', async () => {
    const code = await codeOf('1')
    const guesses = [...Array.from({ length: 40 }, (_, at) => `WRONG${at}`), code]
    const tries = await Promise.allSettled(guesses.map((guess) => guard.approve(telegram, guess, cli)))
    expect(tries.map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : 'let in')).filter((said) => said === 'pairing-code-unknown')).toHaveLength(10)
    expect(tries.at(-1)?.status).toBe('rejected')
    expect(await guard.paired()).toEqual([])
  })

  it('does not lock for nine wrong codes a minute', async () => {
    for (let round = 0; round < 5; round += 1) {
      for (let wrong = 0; wrong < 9; wrong += 1) await expect(guard.approve(telegram, 'AAAAAAAA', cli)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
      await clock.advance(minute + 1)
    }
  })

  it.each(['', 'ÄÖÜßéèêñ', '👩‍👩‍👧', 'A'.repeat(10_000), '\u0000', 'CODE\u0000\u0000\u0000\u0000'])('says of %j that it is no code', async (guess) => {
    await codeOf('1')
    await expect(guard.approve(telegram, guess, cli)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
  })

  it('takes nothing behind a code for a part of it', async () => {
    const code = await codeOf('1')
    await expect(guard.approve(telegram, `${code}        or anything`, cli)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
  })

  it('shows a name on one line, without what could pass for something else', async () => {
    await say('1', { name: 'Eve`\n- telegram Mum (`2`): `/pair AAAAAAAA`\u202e' })
    expect((await guard.pending())[0]?.senderName).toBe('Eve - telegram Mum (2): /pair AAAAAAAA')
  })

  it('never grants anything in a group', async () => {
    access = { groups: { g: {} } }
    await guard.approve(telegram, await codeOf('1'), cli)
    await guard.approve(telegram, await codeOf('2'), cli)
    expect(await say('2', { kind: 'group' })).toMatchObject({ kind: 'deny' })
  })

  it('holds for one account only', async () => {
    await guard.approve(telegram, await codeOf('1'), cli)
    expect(await say('1', { account: 'second' })).toMatchObject({ kind: 'ask' })
  })
})

describe('shutting someone out', () => {
  it('ends their access and their principal at once, and says so to whoever must stop their work', async () => {
    const told: unknown[] = []
    guard.onRevoked((who) => told.push(who))
    await guard.approve(telegram, await codeOf('1'), cli)
    const { principal } = await guard.approve(telegram, await codeOf('2'), cli)
    expect(await guard.revoke(telegram, account, '2' as SenderId, cli)).toBe(true)
    expect(told).toEqual([{ channel: 'telegram', account: 'default', sender: '2' }])
    expect(await guard.principal(principal)).toBeUndefined()
    expect(await say('2')).toMatchObject({ kind: 'ask' })
    expect(await guard.revoke(telegram, account, '2' as SenderId, cli)).toBe(false)
    expect(told).toHaveLength(1)
  })

  it('leaves the owner\'s principal, which is not one sender\'s', async () => {
    await guard.approve(telegram, await codeOf('1'), cli)
    await guard.revoke(telegram, account, '1' as SenderId, cli)
    expect(await guard.principal('owner' as Principal['id'])).toMatchObject({ role: 'owner' })
    expect(await say('1')).toMatchObject({ kind: 'ask' })
  })
})

describe('who a sender is', () => {
  it('the owner is who the configuration names with channel and id, and nobody spelt like it', async () => {
    owners = ['telegram:1', '2', '*', 'telegram:*', ' ']
    access = { dmPolicy: 'open', allowFrom: ['*'] }
    expect(await say('1')).toMatchObject({ principal: { role: 'owner' } })
    for (const id of ['2', '*', 'telegram:1', '01', '1 ']) expect(await say(id)).toMatchObject({ kind: 'allow', principal: { role: 'guest' } })
  })

  it('a wildcard makes guests, a name on the list makes members, and leaving the list takes it back', async () => {
    access = { dmPolicy: 'open', allowFrom: ['*', '1'] }
    expect(await say('1')).toMatchObject({ principal: { id: 'telegram:default:1', role: 'member' } })
    expect(await say('2')).toMatchObject({ principal: { role: 'guest' } })
    access = { dmPolicy: 'open', allowFrom: ['*'] }
    expect(await say('1')).toMatchObject({ principal: { role: 'guest' } })
    expect(await guard.principal('telegram:default:1' as Principal['id'])).toMatchObject({ role: 'guest' })
  })

  it('two senders are never one principal, whatever their ids are made of', async () => {
    access = { dmPolicy: 'open', allowFrom: ['*'] }
    const one = await say('b:c', { account: 'a' })
    const other = await say('c', { account: 'a:b' })
    expect(one.kind === 'allow' && other.kind === 'allow' && one.principal.id !== other.principal.id).toBe(true)
  })

  it('our own ways in bring the principal; an unknown one and an unknown channel are denied', async () => {
    expect(await say('owner', { channel: 'web' })).toMatchObject({ kind: 'allow', principal: { role: 'owner' } })
    expect(await say('nobody', { channel: 'web' })).toMatchObject({ kind: 'deny' })
    expect(await say('owner', { channel: 'elsewhere' })).toMatchObject({ kind: 'deny' })
    expect(await say('owner')).toMatchObject({ kind: 'ask' })
  })

  it('in a group a plain word is no command that needs no mention', async () => {
    access = { groups: { '1': {} }, groupAllowFrom: ['1'] }
    expect(await say('1', { kind: 'group', text: 'stop' })).toMatchObject({ kind: 'deny', reason: 'not addressed' })
    expect(await say('1', { kind: 'group', text: '/status' })).toMatchObject({ kind: 'allow' })
  })

  it('every refusal stands in the record, and what is overheard does not', async () => {
    access = { dmPolicy: 'allowlist', groups: { '1': {} }, groupAllowFrom: ['1'] }
    await say('1')
    await say('1', { kind: 'group' })
    expect(await record()).toEqual([{ act: 'message.denied', subject: 'telegram:1', outcome: 'deny' }])
  })
})

describe('the rules', () => {
  const as = (role: Principal['role']): Principal => ({ id: role as never, role })
  const tool = (...kinds: string[]): Action => ({ kind: 'use-tool', tool: 't', session: 's', agent: 'a', effects: kinds.map((kind) => ({ kind, what: 'w', path: 'p', host: 'h', to: 't' })) }) as unknown as Action
  const command = (ownerOnly: boolean): Action => ({ kind: 'command', name: 'x', ownerOnly, chat: {} }) as unknown as Action
  const method = (scope: string): Action => ({ kind: 'call-method', method: 'm', scope }) as unknown as Action

  it.each<[string, Action, string]>([
    ['reads', tool('reads-private', 'reads-untrusted'), 'owner admin member'],
    ['writes in the workspace', tool('writes-workspace'), 'owner admin member'],
    ['no effect at all', tool(), 'owner admin member'],
    ['writes elsewhere', tool('reads-private', 'writes-outside'), ''],
    ['runs code in the sandbox', tool('runs-code'), 'owner admin'],
    ['runs code after having read something from outside', { ...tool('runs-code'), tainted: true } as Action, ''],
    ['reaches a host', tool('reaches-host'), 'owner admin member'],
    ['sends', tool('sends'), ''],
    ['spends', tool('spends'), ''],
    ['changes the gateway', tool('changes-gateway'), 'owner admin'],
    ['uses something of one\'s own', tool('uses-device'), 'owner admin member'],
    ['a harmless effect before a forbidden one', tool('reads-private', 'reads-private', 'spends'), ''],
    ['a command', command(false), 'owner admin member'],
    ['the owner\'s command', command(true), 'owner admin'],
    ['a method that reads', method('operator.read'), 'owner admin member'],
    ['a method that writes', method('operator.write'), 'owner admin'],
    ['speaking without a message', { kind: 'speak', chat: {} } as unknown as Action, ''],
    ['connecting a channel', { kind: 'connect-channel', channel: 'x' } as unknown as Action, 'owner'],
  ])('%s: %s', async (_name, action, allowed) => {
    const may: string[] = []
    for (const role of ['owner', 'admin', 'member', 'guest'] as const) if ((await guard.judge(as(role), action)).kind === 'allow') may.push(role)
    expect(may.join(' ')).toBe(allowed)
    expect(await record()).toHaveLength(4)
  })

  it.each<[string, Action]>([
    ['runs code after having read something from outside', { ...tool('runs-code'), tainted: true } as Action],
    ['changes the gateway after having read something from outside', { ...tool('changes-gateway'), tainted: true } as Action],
    ['sends to somebody', tool('sends')],
    ['spends', tool('spends')],
    ['a harmless effect before one that needs a yes', tool('reads-private', 'spends')],
  ])('%s is asked about when the owner wants it, and refused to others', async (_name, action) => {
    const verdicts = await Promise.all((['owner', 'admin', 'member', 'guest'] as const).map(async (role) => (await guard.judge(as(role), action)).kind))
    expect(verdicts).toEqual(['ask', 'ask', 'deny', 'deny'])
  })

  it('uses something of one\'s own after having read something from outside: whoever has it is asked', async () => {
    const verdicts = await Promise.all((['owner', 'admin', 'member', 'guest'] as const).map(async (role) => (await guard.judge(as(role), { ...tool('uses-device'), tainted: true } as Action)).kind))
    expect(verdicts).toEqual(['ask', 'ask', 'ask', 'deny'])
  })

  it('an act or effect nobody wrote a rule for is not done', async () => {
    await expect(guard.judge(as('owner'), tool('teleports'))).rejects.toThrow('unhandled')
    await expect(guard.judge(as('owner'), { kind: 'fly' } as unknown as Action)).rejects.toThrow('unhandled')
  })
})

describe('roles and profiles', () => {
  const reads: Action = { kind: 'use-tool', tool: 'read', session: 's', agent: 'a', effects: [] } as unknown as Action
  const member = async (): Promise<Principal> => {
    await guard.approve(telegram, await codeOf('1'), cli)
    const { principal } = await guard.approve(telegram, await codeOf('2'), cli)
    return { id: principal, role: 'member' }
  }

  it('lists everybody with their senders, and gives a role that holds from the next act on', async () => {
    const who = await member()
    expect((await guard.people()).map(({ id, role, via, senders }) => [id, role, via, senders.map((each) => each.sender)])).toEqual([['owner', 'owner', 'owner', ['1']], [who.id, 'member', 'pairing', ['2']]])
    expect(await guard.setRole(who.id, 'admin', cli)).toMatchObject({ role: 'admin' })
    expect(await say('2')).toMatchObject({ kind: 'allow', principal: { role: 'admin' } })
    expect(await guard.judge(who, reads)).toMatchObject({ kind: 'allow' })
    const told: unknown[] = []
    guard.onRevoked((gone) => told.push(gone))
    await guard.setRole(who.id, 'guest', cli)
    expect(told).toEqual([{ channel: 'telegram', account: 'default', sender: '2' }])
    // The turn that was let in as a member does nothing more as one.
    expect(await guard.judge(who, reads)).toMatchObject({ kind: 'deny' })
  })

  it('narrows tools by profile, and makes a guest of whoever has a profile that is gone', async () => {
    const who = await member()
    profiles = { child: { role: 'member', tools: { allow: ['read'], deny: ['memory'] } } }
    await expect(guard.setProfile(who.id, '__proto__', cli)).rejects.toMatchObject({ code: 'person-profile-unknown' })
    await guard.setProfile(who.id, 'child', cli)
    expect(await guard.judge(who, reads)).toMatchObject({ kind: 'allow' })
    expect(await guard.judge(who, { ...reads, tool: 'write' } as Action)).toMatchObject({ kind: 'deny', reason: 'the profile "child" does not have write' })
    profiles = {}
    expect(await guard.judge(who, reads)).toMatchObject({ kind: 'deny' })
    expect((await guard.people())[1]).toMatchObject({ role: 'guest', profile: 'child', profileMissing: true })
    await guard.setRole(who.id, 'member', cli)
    expect(await guard.judge(who, reads)).toMatchObject({ kind: 'allow' })
  })

  it('keeps a chosen role for somebody on a list, and forgets a removed one', async () => {
    access = { dmPolicy: 'open', allowFrom: ['*', '1'] }
    await say('1')
    const id = 'telegram:default:1' as Principal['id']
    await guard.setRole(id, 'guest', cli)
    expect(await say('1')).toMatchObject({ principal: { role: 'guest' } })
    await guard.removePerson(id, cli)
    expect(await guard.judge({ id, role: 'member' }, reads)).toMatchObject({ kind: 'deny', reason: 'this person was removed' })
    expect(await say('1')).toMatchObject({ principal: { role: 'member' } })
    expect(await guard.judge({ id, role: 'member' }, reads)).toMatchObject({ kind: 'allow' })
  })

  it('shuts a removed person out everywhere, and lets nobody touch the owner', async () => {
    const who = await member()
    await guard.removePerson(who.id, cli)
    expect(await say('2')).toMatchObject({ kind: 'ask' })
    expect(await guard.judge(who, reads)).toMatchObject({ kind: 'deny' })
    await expect(guard.setRole(owner, 'guest', cli)).rejects.toMatchObject({ code: 'person-owner' })
    await expect(guard.removePerson(owner, cli)).rejects.toMatchObject({ code: 'person-owner' })
    await expect(guard.removePerson('nobody' as Principal['id'], cli)).rejects.toMatchObject({ code: 'person-unknown' })
    expect((await record()).map((entry) => entry.act)).toContain('person.removed')
  })
})
