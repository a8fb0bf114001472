import { describe, expect, it } from 'vitest'
import { loadDeviceIdentity } from '../device-identity.ts'
import { connectGateway } from '../gateway-client.ts'
import { startFakeGateway, WireError } from '../testing/fake-gateway.ts'
import type { FakeCall, FakeGateway, FakeMethods } from '../testing/fake-gateway.ts'
import { makeStateDir, realClock } from '../testing/run-command.ts'
import { canonicalKey, openConversation } from './conversation.ts'
import type { Conversation, ConversationView } from './conversation.ts'

const key = 'agent:main:main'
const words = (text: string): object => ({ role: 'assistant', content: [{ type: 'text', text }] })

/** Shows everything as one line per event. */
function logView(): ConversationView & { log: string[] } {
  const log: string[] = []
  return {
    log,
    user: (text) => void log.push(`user ${text}`),
    stream: (text) => void log.push(`+${text}`),
    endStream: () => void log.push('.'),
    note: (text) => void log.push(`note ${text}`),
    problem: (text) => void log.push(`problem ${text}`),
    changed() {},
  }
}

async function talk(methods: FakeMethods, work: (conversation: Conversation, gateway: FakeGateway, log: string[]) => Promise<void>): Promise<void> {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'chat.history': { messages: [] }, 'sessions.describe': { session: null }, 'models.status': { primary: 'a/b' }, ...methods } })
  const stateDir = await makeStateDir()
  const view = logView()
  let counter = 0
  const conversation = await openConversation({
    connect: () => connectGateway({ address: { url: gateway.url, tokens: ['T'] }, version: '1', platform: 'linux', clock: realClock, device: () => loadDeviceIdentity(stateDir, 1), startCommand: 'x' }),
    clock: { now: () => Date.now(), after: (delayMs, task) => realClock.after(delayMs <= 5_000 ? Math.min(delayMs, 5) : delayMs, task) },
    newId: () => `run-${++counter}`,
    view,
  }, 'main', 10)
  try {
    await work(conversation, gateway, view.log)
  } finally {
    conversation.close()
    await gateway.close()
  }
}

const started = ({ params }: FakeCall): unknown => ({ runId: params['idempotencyKey'], status: 'started' })

describe('a conversation', () => {
  it('streams an answer once, whatever pieces it comes in', () => talk({
    'chat.send': ({ params, emit }: FakeCall) => {
      const runId = params['idempotencyKey']
      setImmediate(() => {
        emit('chat', { runId: 'other', sessionKey: 'agent:main:else', state: 'delta', message: words('not for us') })
        emit('chat', { runId, sessionKey: key, state: 'delta', message: words('Hel') })
        emit('chat', { runId, sessionKey: key, state: 'delta', message: words('Hello') })
        emit('agent', { runId, sessionKey: key, stream: 'tool', data: { phase: 'start', name: 'read', args: { path: 'a.md' } } })
        emit('agent', { runId, sessionKey: key, stream: 'tool', data: { phase: 'result', name: 'read', isError: true } })
        emit('chat', { runId, sessionKey: key, state: 'delta', message: words('It sa') })
        emit('chat', { runId, sessionKey: key, state: 'final', message: words('It says hi') })
      })
      return { runId, status: 'started' }
    },
  }, async (conversation, gateway, log) => {
    expect(await conversation.send('hi')).toBe('answered')
    expect(log).toEqual(['+Hel', '+lo', '.', 'note ⚙ read a.md', 'note   read did not work; the assistant was told why.', '+It sa', '+ys hi', '.'])
    expect(gateway.calls.at(-1)).toMatchObject({ params: { sessionKey: key, message: 'hi', idempotencyKey: 'run-1', deliver: false } })
    expect(conversation.state.running.size).toBe(0)
  }))

  it('shows commands, failures and stops', () => {
    const ends = [
      { state: 'final', message: words('You are the owner.') },
      { state: 'error', errorMessage: 'The queue is full.' },
      { state: 'error', errorMessage: 'It holds too much.', errorKind: 'context_length' },
      { state: 'error', errorMessage: 'The key was refused.', errorKind: 'unknown' },
      { state: 'aborted', stopReason: 'rpc' },
      { state: 'final' },
    ]
    return talk({
      'chat.send': ({ params, emit }: FakeCall) => {
        const runId = params['idempotencyKey']
        setImmediate(() => emit('chat', { runId, sessionKey: key, ...ends.shift() }))
        return { runId, status: 'started' }
      },
    }, async (conversation, _, log) => {
      const outcomes: string[] = []
      for (const text of ['/whoami', 'b', 'c', 'd', 'e', 'f']) outcomes.push(await conversation.send(text))
      expect(outcomes).toEqual(['answered', 'failed', 'failed', 'failed', 'stopped', 'answered'])
      expect(log).toEqual([
        '+You are the owner.', '.', 'problem The queue is full. See what happened with /why.', 'problem It holds too much. /compact or /new makes room.',
        'problem The key was refused. See what happened with /why; /model chooses another model, and "moltbot onboard" takes a new key.', 'note Stopped.',
      ])
    })
  })

  it('says the words again under the same name when the connection was lost, and loses no answer', () => {
    let sends = 0
    return talk({
      'chat.send': ({ params, gateway, emit }: FakeCall) => {
        sends += 1
        const runId = params['idempotencyKey']
        if (sends === 1) {
          emit('chat', { runId, sessionKey: key, state: 'delta', message: words('The ans') })
          setImmediate(() => gateway.drop())
          return { runId, status: 'started' }
        }
        return { runId, status: 'ok' }
      },
    }, async (conversation, gateway, log) => {
      const answer = conversation.send('question')
      gateway.methods['chat.history'] = { messages: [
        { role: 'user', content: [{ type: 'text', text: 'question' }], idempotencyKey: 'run-1:user' },
        words('The answer is 4.'),
        { role: 'user', content: [{ type: 'text', text: 'from elsewhere' }] },
        words('not ours'),
      ] }
      expect(await answer).toBe('answered')
      expect(log).toEqual(['+The ans', '.', 'note The connection is lost. Trying again…', 'note Connected again.', '+The answer is 4.', '.'])
      expect(gateway.calls.filter((call) => call.method === 'chat.send').map((call) => call.params['idempotencyKey'])).toEqual(['run-1', 'run-1'])
    })
  })

  it('goes on waiting when the gateway still works on it after a reconnect', () => {
    let sends = 0
    return talk({
      'chat.send': ({ params, gateway }: FakeCall) => {
        sends += 1
        const runId = params['idempotencyKey']
        if (sends === 1) {
          gateway.drop()
          return undefined
        }
        setImmediate(() => gateway.emit('chat', { runId, sessionKey: key, state: 'final', message: words('late') }))
        return { runId, status: 'in_flight' }
      },
    }, async (conversation, _, log) => {
      expect(await conversation.send('question')).toBe('answered')
      expect(log.slice(-2)).toEqual(['+late', '.'])
    })
  })

  it('tells a refusal and goes on', () => talk({ 'chat.send': () => { throw new WireError('INVALID_REQUEST', 'send blocked by session policy') } }, async (conversation, _, log) => {
    expect(await conversation.send('x')).toBe('failed')
    expect(log).toEqual(['problem Send blocked by session policy.'])
  }))

  it('stops what runs, and forgets what the gateway does not know', () => talk({ 'chat.send': started, 'chat.abort': { ok: true, aborted: false, runIds: [] } }, async (conversation, gateway) => {
    const arrived = gateway.next('chat.send')
    const sent = conversation.send('x')
    await arrived
    await conversation.abort()
    expect(await sent).toBe('stopped')
    expect(gateway.calls.at(-1)).toEqual({ method: 'chat.abort', params: { sessionKey: key } })
  }))

  it('shows the history of the session it goes to, and its model', () => talk({
    'chat.history': ({ params }: FakeCall) => ({ messages: params['sessionKey'] === 'agent:main:work' ? [{ role: 'user', content: 'plain words' }, { role: 'toolResult', content: [{ type: 'text', text: 'hidden' }] }, words('answer'), { role: 'system', content: [{ type: 'text', text: 'summary' }] }] : [] }),
    'sessions.describe': ({ params }: FakeCall) => ({ session: params['key'] === 'agent:main:work' ? { modelProvider: 'x', model: 'y' } : null }),
  }, async (conversation, _, log) => {
    expect(conversation.state.model).toBe('a/b')
    await conversation.open('work', 5)
    expect(conversation.state).toMatchObject({ key: 'agent:main:work', model: 'x/y' })
    expect(log).toEqual(['user plain words', '+answer', '.', 'note summary'])
  }))

  it('says that another model took over', () => talk({ 'chat.send': started }, async (conversation, gateway, log) => {
    const arrived = gateway.next('chat.send')
    const sent = conversation.send('x')
    await arrived
    gateway.emit('agent', { runId: 'run-1', sessionKey: key, stream: 'lifecycle', data: { phase: 'fallback', from: 'a/b', to: 'c/d', reason: 'overloaded' } })
    gateway.emit('agent', { runId: 'run-1', sessionKey: key, stream: 'lifecycle', data: { phase: 'model', provider: 'c', model: 'd' } })
    gateway.emit('chat', { runId: 'run-1', sessionKey: key, state: 'final' })
    await sent
    expect(log).toEqual(['note a/b does not answer (overloaded); c/d takes over.'])
    expect(conversation.state.model).toBe('c/d')
  }))
})

it.each([['main', 'agent:cook:first'], ['first', 'agent:cook:first'], ['Work', 'agent:cook:work'], ['agent:x:y', 'agent:x:y']])('%s is %s', (given, full) => {
  const defaults = { defaultAgentId: 'cook', mainKey: given === 'main' ? 'main' : 'first', mainSessionKey: 'agent:cook:first' }
  expect(canonicalKey(given, { snapshot: { sessionDefaults: defaults } })).toBe(full)
})
