import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('sends with a key of its own and tells the message id', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { send: { runId: 'k', messageId: '77', channel: 'pigeon', chatId: '5' } } })
  const run = await runCommand(['message', 'send', '--channel', 'pigeon', '-t', '-5', '-m', 'hello'], { gateway })
  expect(run).toMatchObject({ code: 0, out: 'Sent to -5 on pigeon (message 77).\n' })
  expect(gateway.calls[0]?.params).toEqual({ to: '-5', message: 'hello', channel: 'pigeon', idempotencyKey: 'send-1' })
  await runCommand(['message', 'send', '--channel', 'pigeon', '-t', '5', '-m', '-', '--key', 'mine', '--account', 'second'], { gateway, input: 'piped' })
  expect(gateway.calls[1]?.params).toEqual({ to: '5', message: 'piped', channel: 'pigeon', idempotencyKey: 'mine', accountId: 'second' })
  await gateway.close()
})

it('names what is missing', async () => {
  const run = await runCommand(['message', 'send', '-m', 'x'])
  expect(run.code).toBe(2)
  expect(run.err).toContain('--channel and --target')
})
