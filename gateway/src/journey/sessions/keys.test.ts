import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Problem, type AgentId, type ChatRef, type PrincipalId, type SessionKey } from '@moltbot/contract'
import { agentOfKey, canonicalKey, keyLengthMax, keyOfChat, keyPart, type DmScope } from './keys.ts'

const agent = 'main' as AgentId
const guest = { id: 'p' as PrincipalId, role: 'guest' as const }
const hostile = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ unit: fc.constantFrom('=', ':', 'a', 'A', '2', 'f', '3', '\u0000', '\ud83d', 'İ', 'i', 'dm', 'group', 'thread'), maxLength: 8 }),
  fc.constantFrom('', ' ', '=3a=', '==', '===', 'main', 'dm', 'a:thread:b', 'ABC', 'abc', 'aBc', '-100', 'constructor', '__proto__', 'x'.repeat(300), 'X'.repeat(300), `${'x'.repeat(299)}y`),
)
const keyOf = (chat: Partial<Record<keyof ChatRef, string>>, peer = 'p', scope: DmScope = 'per-channel-peer', links: Record<string, string[]> = {}): SessionKey =>
  keyOfChat({ chat: { channel: 'telegram', account: 'default', chat: 'c', kind: 'direct', ...chat } as ChatRef, agent, principal: guest, peer, scope, identityLinks: links })

describe('a session key', () => {
  it('is different for different words in the same place of it', () => {
    fc.assert(fc.property(hostile, hostile, (one, other) => {
      expect(keyPart(one) === keyPart(other)).toBe(one === other)
      expect(keyPart(one)).toMatch(/^[a-z0-9_.@+=-]{1,48}$/)
    }), { numRuns: 3000 })
  })

  it('is different for different places: (kind, chat, thread), and for different peers', () => {
    const place = fc.record({ kind: fc.constantFrom('group', 'channel'), chat: hostile, thread: fc.option(hostile, { nil: undefined }) })
    const clean = (value: { kind: string; chat: string; thread: string | undefined }) => ({ kind: value.kind, chat: value.chat, ...(value.thread === undefined ? {} : { thread: value.thread }) })
    fc.assert(fc.property(place, place, (one, other) => {
      expect(keyOf(clean(one)) === keyOf(clean(other))).toBe(JSON.stringify(one) === JSON.stringify(other))
    }), { numRuns: 2000 })
    fc.assert(fc.property(hostile, hostile, fc.option(hostile, { nil: undefined }), (one, other, thread) => {
      const chat = thread === undefined ? {} : { thread }
      expect(keyOf(chat, one) === keyOf(chat, other)).toBe(one === other)
    }), { numRuns: 2000 })
  })

  it('is never shared by a direct chat and a group, or by two channels', () => {
    fc.assert(fc.property(hostile, hostile, hostile, (one, other, thread) => {
      expect(keyOf({ kind: 'group', chat: one })).not.toBe(keyOf({}, other))
      expect(keyOf({ kind: 'group', chat: one, thread })).not.toBe(keyOf({ thread }, other))
      expect(keyOf({ channel: 'signal' }, one)).not.toBe(keyOf({}, one))
    }))
  })

  it('can always be named by a client: canonical as it is, not too long', () => {
    fc.assert(fc.property(hostile, hostile, hostile, fc.constantFrom<DmScope>('auto', 'main', 'per-peer', 'per-channel-peer', 'per-account-channel-peer'), (chat, peer, thread, scope) => {
      for (const key of [keyOf({ chat, thread }, peer, scope), keyOf({ chat, thread, kind: 'group' }, peer, scope)]) {
        expect(key.length).toBeLessThanOrEqual(keyLengthMax)
        expect(canonicalKey(key)).toBe(key)
        expect(agentOfKey(key)).toBe(agent)
      }
    }))
  })

  it('reads as people expect where ids are plain', () => {
    expect(keyOf({ kind: 'group', chat: '-1001' })).toBe('agent:main:telegram:group:-1001')
    expect(keyOf({ kind: 'group', chat: '-1001', thread: '7' })).toBe('agent:main:telegram:group:-1001:topic:7')
    expect(keyOf({ kind: 'channel', chat: 'c9', thread: '7' })).toBe('agent:main:telegram:channel:c9:thread:7')
    expect(keyOf({}, '+49151')).toBe('agent:main:telegram:dm:+49151')
    expect(keyOf({}, 'p', 'auto')).toBe('agent:main:telegram:dm:p')
    expect(keyOfChat({ chat: { channel: 'telegram', account: 'default', chat: 'c', kind: 'direct' } as ChatRef, agent, principal: { ...guest, role: 'owner' }, peer: 'p', scope: 'auto', identityLinks: {} })).toBe('agent:main:main')
  })

  it('is one for the accounts of a linked person, and not for a stranger whose id is spelt like their name', () => {
    const links = { anna: ['telegram:1', 'signal:+49'] }
    expect(keyOf({}, '1', 'per-peer', links)).toBe(keyOf({ channel: 'signal' }, '+49', 'per-peer', links))
    expect(keyOf({}, 'anna', 'per-peer', links)).not.toBe(keyOf({}, '1', 'per-peer', links))
    expect(keyOf({}, '+49', 'per-peer', links)).not.toBe(keyOf({}, '1', 'per-peer', links))
  })
})

describe('a key a client gives', () => {
  it.each([['main', 'agent:main:main'], ['', 'agent:main:main'], [' Main ', 'agent:main:main'], ['notes', 'agent:main:notes'], ['agent:Work:Main', 'agent:work:main']])('%j means %s', (given, key) => {
    expect(canonicalKey(given)).toBe(key)
  })

  it.each(['a b', 'a\nb', 'é', 'agent:', 'agent::x', 'agent:main', 'agent:main:', 'agent:main::x', '../../etc', 'a'.repeat(256), '\u0000'])('%j is refused', (given) => {
    expect(() => canonicalKey(given)).toThrow(Problem)
  })

  it('stays the same when it is brought into form twice', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (given) => {
      let once: SessionKey
      try {
        once = canonicalKey(given)
      } catch (error) {
        expect((error as Problem).code).toBe('session-key-invalid')
        return
      }
      expect(canonicalKey(once)).toBe(once)
    }), { numRuns: 2000 })
  })
})
