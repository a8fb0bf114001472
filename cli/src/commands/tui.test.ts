import { describe, expect, it } from 'vitest'
import type { CapturedTerminal } from '../testing/captured-terminal.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall, FakeGateway, FakeMethods } from '../testing/fake-gateway.ts'
import { realClock, runCommand } from '../testing/run-command.ts'
import type { CommandRun } from '../testing/run-command.ts'
import { sampleApproval } from '../testing/sample-approvals.ts'

const key = 'agent:main:main'
const words = (text: string): object => ({ role: 'assistant', content: [{ type: 'text', text }] })
const base: FakeMethods = {
  'chat.history': { messages: [{ role: 'user', content: 'earlier' }, words('I remember')], hasMore: false },
  'sessions.describe': { session: { key, label: 'Shopping', modelProvider: 'ollama', model: 'llama3.2', thinkingLevels: [{ id: 'off' }, { id: 'high' }], activeRunIds: [] } },
  'models.status': { primary: 'ollama/llama3.2' },
  'models.list': { models: [{ provider: 'ollama', id: 'llama3.2', name: 'Llama' }, { provider: 'acme', id: 'big', name: 'Big' }, { provider: 'acme', id: 'gone', available: false }] },
  'exec.approval.list': [],
  'exec.approval.resolve': { ok: true },
  'sessions.subscribe': { ok: true },
  'sessions.messages.subscribe': { ok: true },
  'sessions.patch': { ok: true },
  'usage.spend': { rows: [{ costUsd: 0.25 }, { costUsd: 1 }] },
  'commands.list': { commands: [{ name: 'status', description: 'How it is' }, { name: 'stop', description: 'Stop' }] },
  'sessions.list': { sessions: [{ key, label: 'Shopping', updatedAt: 1 }, { key: 'agent:main:work', derivedTitle: 'Taxes', updatedAt: 1 }] },
  'chat.send': ({ params, emit }: FakeCall) => {
    const runId = params['idempotencyKey']
    setImmediate(() => emit('chat', { runId, sessionKey: key, state: 'final', message: words(`You said: **${String(params['message'])}**`) }))
    return { runId, status: 'started' }
  },
}

/** Text as it stands in what was written, row by row: colour is off, so only places remain to take out. */
const plain = (text: string): string => text.replace(/\u001B\[[\d;?]*\$?[A-Za-z]/g, '\n')

async function inWindow(methods: FakeMethods, work: (terminal: CapturedTerminal, gateway: FakeGateway) => Promise<void>): Promise<CommandRun> {
  const gateway = await startFakeGateway({ token: 'T', methods: { ...base, ...methods } })
  let begin = (_: CapturedTerminal): void => {}
  const begun = new Promise<CapturedTerminal>((resolve) => {
    begin = resolve
  })
  const running = runCommand(['tui'], { gateway, interactive: true, onTerminal: begin })
  try {
    await work(await begun, gateway)
    return await running
  } finally {
    await gateway.close()
  }
}

describe('the full window', () => {
  it('shows who, where, with what and what it cost, sends, and leaves on Ctrl-D', async () => {
    const run = await inWindow({}, async (terminal) => {
      await terminal.until('main · Shopping')
      await terminal.until('ollama/llama3.2 · $1.25 today · connected')
      expect(plain(terminal.text())).toContain('I remember')
      terminal.type('hello\r')
      await terminal.until('You said: hello')
      terminal.type('\u0004')
    })
    expect(run).toMatchObject({ code: 0 })
    expect(run.err).toContain('Come back with: moltbot tui')
  })

  it('writes little while an answer streams, and once per picture', async () => {
    const text = Array.from({ length: 120 }, (_, index) => `word${index}`).join(' ')
    await inWindow({ 'chat.send': ({ params }: FakeCall) => ({ runId: params['idempotencyKey'], status: 'started' }) }, async (terminal, gateway) => {
      await terminal.until('ready')
      const sent = gateway.next('chat.send')
      terminal.type('tell me\r')
      const runId = (await sent)['idempotencyKey']
      await terminal.until('waiting for the model')
      const before = terminal.text().length
      for (let end = 40; end < text.length; end += 40) {
        gateway.emit('chat', { runId, sessionKey: key, state: 'delta', message: words(text.slice(0, end)) })
        await terminal.until(text.slice(end - 12, end).split(' ').at(-1) ?? '')
      }
      gateway.emit('chat', { runId, sessionKey: key, state: 'final', message: words(text) })
      await terminal.until('word119')
      await terminal.until(/ready[^]*$/)
      // A full redraw per step would be 25 times the whole window: more than 20,000 characters.
      expect(terminal.text().length - before).toBeLessThan(6_000)
      terminal.type('\u0004')
    })
  })

  it('never obeys what others wrote, and shows that it is there', async () => {
    const evil = '\u001B]0;owned\u0007\u001B[5;5Hend'
    await inWindow({
      'chat.history': { messages: [{ role: 'user', content: `from ${evil}`, senderLabel: evil }, words(`# ${evil}\n| ${evil} | b |\n|---|---|\n| c | d |\n`), { role: 'system', content: evil }, { role: 'assistant', content: [{ type: 'toolCall', id: 'c1', name: evil, arguments: { path: evil } }] }, { role: 'toolResult', toolCallId: 'c1', content: evil, isError: false }] },
      'sessions.describe': { session: { key, label: evil, model: evil } },
      'commands.list': { commands: [{ name: `x${evil}`, description: evil }] },
      'sessions.list': { sessions: [{ key: evil, label: evil }] },
      'exec.approval.list': [{ ...sampleApproval, request: { command: evil, sessionKey: key }, reason: evil, always: evil, detail: evil }],
    }, async (terminal) => {
      await terminal.until('May it?')
      terminal.type('\u000F')
      terminal.type('\u0007')
      await terminal.until('Conversations')
      terminal.type('\u001B')
      terminal.type('/x')
      await terminal.until('/x␛')
      expect(terminal.text()).toContain('␛]0;owned␇')
      expect(terminal.text()).not.toContain('\u001B]')
      expect(terminal.text()).not.toContain('\u0007')
      expect(terminal.text()).not.toContain('\u001B[5;5Hend')
      terminal.type('\u0003')
      terminal.type('\u0003')
    })
  })

  it('chooses conversation, model and thinking from lists with search, and completes commands', async () => {
    await inWindow({}, async (terminal, gateway) => {
      await terminal.until('ready')
      terminal.type('/model\r')
      await terminal.until('acme/big')
      expect(terminal.text()).not.toContain('acme/gone')
      const chosen = gateway.next('sessions.patch')
      terminal.type('big')
      terminal.type('\r')
      expect(await chosen).toEqual({ key, model: 'acme/big' })
      const level = gateway.next('sessions.patch')
      terminal.type('/think\r')
      await terminal.until('How much it thinks')
      terminal.type('high')
      terminal.type('\r')
      expect(await level).toEqual({ key, thinkingLevel: 'high' })
      terminal.type('/sta')
      await terminal.until('How it is')
      const completed = gateway.next('chat.send')
      terminal.type('\t')
      terminal.type('\r')
      expect(await completed).toMatchObject({ message: '/status' })
      const opened = gateway.next('chat.history')
      terminal.type('\u0007')
      await terminal.until('Taxes')
      terminal.type('taxes')
      terminal.type('\r')
      expect(await opened).toMatchObject({ sessionKey: 'agent:main:work' })
      terminal.type('\u0004')
    })
  })

  it('sends what was written without a connection once, under the name it had', async () => {
    const run = await inWindow({}, async (terminal, gateway) => {
      await terminal.until('ready')
      gateway.methods['chat.send'] = (): never => {
        gateway.drop()
        throw new Error('the connection is gone')
      }
      const first = gateway.next('chat.send')
      terminal.type('only once\r')
      const { idempotencyKey } = await first
      gateway.methods['chat.send'] = base['chat.send']
      await terminal.until('disconnected, trying again in 1 s')
      await terminal.until('You said: only once')
      expect(gateway.calls.filter(({ method }) => method === 'chat.send').map(({ params }) => params['idempotencyKey'])).toEqual([idempotencyKey, idempotencyKey])
      terminal.type('\u0004')
    })
    expect(run.err).not.toContain('Not sent')
  })

  it('needs a gateway, and a terminal', async () => {
    expect(await runCommand(['tui'], { interactive: true })).toMatchObject({ code: 3, out: '' })
    const run = await runCommand(['tui'])
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain('moltbot chat')
  })
})

describe('a question in the window', () => {
  it('is answered by one key once it could be read, and says what always means', async () => {
    const { clock, advance } = stoppedClock()
    const gateway = await startFakeGateway({ token: 'T', methods: { ...base, 'exec.approval.list': [sampleApproval] } })
    let begin = (_: CapturedTerminal): void => {}
    const begun = new Promise<CapturedTerminal>((resolve) => {
      begin = resolve
    })
    const running = runCommand(['tui'], { gateway, interactive: true, onTerminal: begin, clock })
    const terminal = await begun
    await terminal.until('May it? (K7QM)')
    expect(plain(terminal.text())).toContain('a  always: exactly the command “ls -l”')
    // Too early, with other letters, or in the middle of a sentence: no answer.
    terminal.type('y')
    terminal.type('\u0015')
    advance(1_000)
    terminal.type('yes')
    terminal.type('a')
    terminal.type('\u001B[200~a\u001B[201~')
    terminal.type('\u0015')
    expect(gateway.calls.filter(({ method }) => method === 'exec.approval.resolve')).toEqual([])
    const answer = gateway.next('exec.approval.resolve')
    terminal.type('a')
    expect(await answer).toEqual({ id: sampleApproval.id, decision: 'allow-always' })
    gateway.emit('exec.approval.resolved', { id: sampleApproval.id, decision: 'allow-always' })
    await terminal.until('Allowed from now on (exactly the command “ls -l”)')
    terminal.type('\u0004')
    expect((await running).code).toBe(0)
    await gateway.close()
  })
})

/** Real timers, and a time of day that moves when told. */
function stoppedClock(): { clock: typeof realClock; advance(ms: number): void } {
  let now = 1_000_000
  return {
    clock: { now: () => now, after: realClock.after },
    advance(ms) {
      now += ms
    },
  }
}
