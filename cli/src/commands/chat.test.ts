import { describe, expect, it } from 'vitest'
import type { CapturedTerminal } from '../testing/captured-terminal.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall, FakeGateway, FakeMethods } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import type { CommandRun } from '../testing/run-command.ts'

const key = 'agent:main:main'
const words = (text: string): object => ({ role: 'assistant', content: [{ type: 'text', text }] })
const base: FakeMethods = {
  'chat.history': { messages: [{ role: 'user', content: 'earlier' }, words('I remember')] },
  'sessions.describe': { session: null },
  'models.status': { primary: 'ollama/llama3.2' },
  'commands.list': { commands: [{ name: 'status' }, { name: 'stop' }, { name: 'help' }] },
  'sessions.list': { sessions: [{ key, derivedTitle: 'Shopping', updatedAt: 1 }] },
  'chat.send': ({ params, emit }: FakeCall) => {
    const runId = params['idempotencyKey']
    setImmediate(() => emit('chat', { runId, sessionKey: key, state: 'final', message: words(`You said: **${String(params['message'])}**`) }))
    return { runId, status: 'started' }
  },
}

async function chatting(methods: FakeMethods, work: (terminal: CapturedTerminal, gateway: FakeGateway) => Promise<void>, flags: string[] = []): Promise<CommandRun> {
  const gateway = await startFakeGateway({ token: 'T', methods: { ...base, ...methods } })
  let begin = (_: CapturedTerminal): void => {}
  const begun = new Promise<CapturedTerminal>((resolve) => {
    begin = resolve
  })
  const running = runCommand(['chat', ...flags], { gateway, interactive: true, onTerminal: begin })
  const terminal = await begun
  await work(terminal, gateway)
  return running.finally(() => gateway.close())
}

describe('chat on a terminal', () => {
  it('shows history, takes keys, prints the answer and leaves on Ctrl-D', async () => {
    const run = await chatting({}, async (terminal, gateway) => {
      await terminal.until('ollama/llama3.2 · ready')
      expect(terminal.text()).toContain('I remember')
      terminal.type('hell')
      terminal.type('o\r')
      await terminal.until('You said: hello')
      expect(gateway.connects[0]).toMatchObject({ caps: ['tool-events'] })
      terminal.type('\u0004')
    })
    expect(run.code).toBe(0)
    expect(run.err).toContain('Come back with: moltbot chat')
  })

  it('stops the running turn on the first Ctrl-C and leaves on the second', async () => {
    const run = await chatting({
      'chat.send': ({ params }: FakeCall) => ({ runId: params['idempotencyKey'], status: 'started' }),
      'chat.abort': ({ emit }: FakeCall) => {
        emit('chat', { runId: 'chat-1', sessionKey: key, state: 'aborted', stopReason: 'rpc' })
        return { ok: true, aborted: true, runIds: ['chat-1'] }
      },
    }, async (terminal, gateway) => {
      await terminal.until('ready')
      const arrived = gateway.next('chat.send')
      terminal.type('long work\r')
      await arrived
      terminal.type('\u0003')
      await terminal.until('Stopped.')
      expect(terminal.text()).toContain('Stopping… Ctrl-C again leaves')
      terminal.type('\u0003')
    })
    expect(run.code).toBe(0)
  })

  it('clears what is typed on Ctrl-C, and completes commands', async () => {
    await chatting({}, async (terminal, gateway) => {
      await terminal.until('ready')
      terminal.type('first\r')
      await terminal.until('You said: first')
      terminal.type('/st\t')
      await terminal.until('/status  /stop')
      terminal.type('\u0015/stat')
      terminal.type('\t')
      terminal.type('\r')
      await terminal.until('You said: /status')
      expect(gateway.calls.filter((call) => call.method === 'chat.send').at(-1)?.params['message']).toBe('/status')
      terminal.type('unsent\u0003')
      await terminal.until('Ctrl-C again leaves')
      terminal.type('/sessions\r')
      await terminal.until('Shopping')
      terminal.type('/quit\r')
    })
  })

  it('never shows an escape sequence of anybody else', async () => {
    await chatting({ 'chat.send': ({ params, emit }: FakeCall) => {
      setImmediate(() => emit('chat', { runId: params['idempotencyKey'], sessionKey: key, state: 'final', message: words('evil\u001b]0;owned\u0007\u001b[5;5Hend') }))
      return { runId: params['idempotencyKey'], status: 'started' }
    } }, async (terminal) => {
      await terminal.until('ready')
      terminal.type('x\r')
      await terminal.until('evilend')
      expect(terminal.text()).not.toContain('owned')
      expect(terminal.text()).not.toContain('\u001b[5;5H')
      terminal.type('\u0004')
    })
  })

  it('is told like every command when no gateway answers', async () => {
    const run = await runCommand(['chat'], { interactive: true })
    expect(run).toMatchObject({ code: 3, out: '' })
  })
})

describe('chat without a terminal', () => {
  it('sends each line and prints each answer', async () => {
    const gateway = await startFakeGateway({ token: 'T', methods: base })
    const run = await runCommand(['chat', '--session', 'main'], { gateway, input: 'one\n\ntwo\n/quit\nthree\n' })
    expect(run).toMatchObject({ code: 0, out: 'You said: **one**\n\nYou said: **two**\n\n' })
    await gateway.close()
  })
})
