import { expect, it } from 'vitest'
import { startFakeGateway, WireError } from '../testing/fake-gateway.ts'
import type { FakeCall, FakeGateway } from '../testing/fake-gateway.ts'
import type { CapturedTerminal } from '../testing/captured-terminal.ts'
import { runCommand } from '../testing/run-command.ts'

function answering(text: string): (call: FakeCall) => unknown {
  return ({ params, accept }) => {
    accept({ runId: params['idempotencyKey'], status: 'accepted' })
    return { runId: params['idempotencyKey'], status: 'ok', summary: 'completed', result: { payloads: [{ text, mediaUrl: null }], meta: { durationMs: 5, aborted: false } } }
  }
}

async function withGateway<T>(methods: Record<string, unknown>, work: (gateway: FakeGateway) => Promise<T>): Promise<T> {
  const gateway = await startFakeGateway({ token: 'T', methods })
  return work(gateway).finally(() => gateway.close())
}

it('prints the answer and nothing else', () => withGateway({ agent: answering('Hello\u001b]0;x\u0007 there') }, async (gateway) => {
  expect(await runCommand(['agent', '-m', 'hi', '--thinking', 'low', '--session', 'work', '--deliver', '--timeout', '5'], { gateway })).toMatchObject({ code: 0, out: 'Hello there\n', err: '' })
  expect(gateway.calls[0]?.params).toEqual({ message: 'hi', idempotencyKey: 'cli-1', sessionKey: 'work', thinking: 'low', deliver: true, timeout: 5 })
}))

it('reads the message from standard input', () => withGateway({ agent: answering('ok') }, async (gateway) => {
  await runCommand(['agent'], { gateway, input: 'from a pipe\n' })
  expect(gateway.calls[0]?.params).toMatchObject({ message: 'from a pipe', sessionKey: 'main' })
  expect((await runCommand(['agent'], { gateway, input: '  \n' })).code).toBe(2)
}))

it('addresses another agent by its id alone', () => withGateway({ agent: answering('ok') }, async (gateway) => {
  await runCommand(['agent', '-m', 'x', '--agent', 'cook'], { gateway })
  expect(gateway.calls[0]?.params).toMatchObject({ agentId: 'cook' })
  expect(gateway.calls[0]?.params).not.toHaveProperty('sessionKey')
}))

it('gives the whole answer as JSON', () => withGateway({ agent: answering('ok') }, async (gateway) => {
  expect(JSON.parse((await runCommand(['agent', '-m', 'x', '--json'], { gateway })).out)).toEqual({ runId: 'cli-1', status: 'ok', text: 'ok', payloads: [{ text: 'ok', mediaUrl: null }], meta: { durationMs: 5, aborted: false } })
}))

it('fails when the work failed', () => withGateway({ agent: () => { throw new WireError('UNAVAILABLE', 'the model is overloaded') } }, async (gateway) => {
  const run = await runCommand(['agent', '-m', 'x'], { gateway })
  expect(run).toMatchObject({ code: 1, out: '' })
  expect(run.err).toContain('The model is overloaded.\n  See which model answers: moltbot models. What happened: moltbot why cli-1')
}))

it('stops the work on Ctrl-C and keeps what was said', () => {
  let finish = (_: unknown): void => {}
  const finished = new Promise((resolve) => {
    finish = resolve
  })
  return withGateway({
    agent: async ({ accept }: FakeCall) => {
      accept({ status: 'accepted' })
      return finished
    },
    'chat.abort': ({ params }: FakeCall) => {
      finish({ status: 'ok', result: { payloads: [{ text: 'Half an ans' }], meta: { aborted: true } } })
      return { ok: true, aborted: true, runIds: [params['runId']] }
    },
  }, async (gateway) => {
    let terminal: CapturedTerminal | undefined
    const arrived = gateway.next('agent')
    const running = runCommand(['agent', '-m', 'x'], { gateway, onTerminal: (one) => { terminal = one } })
    await arrived
    terminal?.interrupt()
    const run = await running
    expect(run).toMatchObject({ code: 130, out: 'Half an ans\n' })
    expect(run.err).toContain('Stopped.')
    expect(gateway.calls[1]).toEqual({ method: 'chat.abort', params: { sessionKey: 'main', runId: 'cli-1' } })
  })
})
