import { testTool } from '@moltbot/contract/testing'
import { ownConversation, type OtherSessions, type SessionKey } from '@moltbot/contract'
import { describe, expect, test } from 'vitest'
import { sessions } from './sessions.ts'

function others(origin?: 'external'): OtherSessions {
  const more = { boundary: 'b1', ...(origin === undefined ? {} : { origin }) }
  return {
    list: async () => [{ key: 'agent:main:sub:1' as SessionKey, title: 'count the\nbeans', kind: 'direct', updatedAt: 0, running: true, child: true }],
    history: async () => ({ text: 'person: hello', ...more }),
    send: async (_key, _text, waitMs) => (waitMs === 0 ? { state: 'running', reply: '', ...more } : { state: 'done', reply: 'twelve', ...more }),
    spawn: async () => ({ key: 'agent:main:sub:1' as SessionKey }),
  }
}

testTool(sessions, {
  examples: [{ action: 'list' }, { action: 'history', session: 'agent:main:main', limit: 5 }, { action: 'send', session: 'agent:main:work', text: 'hello' }, { action: 'spawn', text: 'count the beans', label: 'beans', agent: 'main', model: 'test/m' }],
  grants: () => ({ sessions: others() }),
  refused: [{}, { action: 'kill' }, { action: 'history', limit: 0 }],
})

const run = async (input: Parameters<typeof sessions.run>[0], origin?: 'external') => {
  const result = await sessions.run(input, { sessions: others(origin) }, new AbortController().signal)
  const [part] = result.content
  return { ...result, text: part?.type === 'text' ? part.text : '' }
}

describe('sessions', () => {
  test('writing to another conversation is sending; to its own sub-agent it is not', () => {
    expect(sessions.effects({ action: 'send', session: 'agent:main:work', text: 'x' })).toEqual([{ kind: 'sends', to: 'the conversation agent:main:work' }])
    expect(sessions.effects({ action: 'send', session: 'agent:main:sub:1', text: 'x' })).toEqual([{ kind: 'sends', to: ownConversation }])
    expect(sessions.effects({ action: 'send', session: 'x agent:main:sub:1', text: 'x' })).toEqual([{ kind: 'sends', to: 'the conversation x agent:main:sub:1' }])
  })
  test('what another conversation had read from outside stays from outside', async () => {
    expect(await run({ action: 'history', session: 'agent:main:main' }, 'external')).toMatchObject({ origin: 'external', text: expect.stringContaining('<<from outside b1') })
    expect(await run({ action: 'send', session: 'agent:main:sub:1', text: 'x', seconds: 5 }, 'external')).toMatchObject({ origin: 'external', text: expect.stringMatching(/^\[done\]\n<<from outside/) })
    expect((await run({ action: 'history', session: 'agent:main:main' })).origin).toBeUndefined()
  })
  test('without a wait it only says that it goes on', async () => {
    expect((await run({ action: 'send', session: 'agent:main:sub:1', text: 'x' })).text).toBe('[still at work]')
    expect(sessions.deadlineMs?.({ action: 'send', session: 's', text: 'x', seconds: 86_400 })).toBe(360_000)
  })
  test('the family\'s names mean its actions', () => {
    expect(sessions.fromAlias?.('sessions_send', { sessionKey: 's', message: 'm', timeoutSeconds: 0 })).toEqual({ action: 'send', session: 's', text: 'm', seconds: 0 })
    expect(sessions.fromAlias?.('sessions_spawn', { task: 't', agentId: 'a' })).toEqual({ action: 'spawn', text: 't', agent: 'a' })
  })
})
