import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

it('sends a file of this machine, with or without words, and says when the network takes none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'message-send-'))
  writeFileSync(join(folder, 'report.pdf'), '%PDF-1.4')
  const gateway = await startFakeGateway({ token: 'T', methods: { send: { runId: 'k', messageId: '77', channel: 'pigeon', chatId: '5' } } })
  expect(await runCommand(['message', 'send', '--channel', 'pigeon', '-t', '5', '--media', join(folder, 'report.pdf')], { gateway })).toMatchObject({ code: 0 })
  expect(gateway.calls[0]?.params).toEqual({ to: '5', buffer: Buffer.from('%PDF-1.4').toString('base64'), filename: 'report.pdf', channel: 'pigeon', idempotencyKey: 'send-1' })
  expect((await runCommand(['message', 'send', '--channel', 'pigeon', '-t', '5', '--media', join(folder, 'none.pdf')], { gateway })).err).toContain('could not be read')
  await gateway.close()
  const without = await startFakeGateway({ token: 'T', methods: { send: { runId: 'k', messageId: '77', channel: 'pigeon', chatId: '5', filesLeftOut: 1 } } })
  expect((await runCommand(['message', 'send', '--channel', 'pigeon', '-t', '5', '--media', join(folder, 'report.pdf')], { gateway: without })).err).toContain('does not take this file')
  await without.close()
  rmSync(folder, { recursive: true })
})

it('hands an address over for the gateway to fetch', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { send: { runId: 'k', messageId: '77', channel: 'pigeon', chatId: '5' } } })
  expect(await runCommand(['message', 'send', '--channel', 'pigeon', '-t', '5', '--media', 'https://example.org/cat.jpg', '-m', 'look'], { gateway })).toMatchObject({ code: 0 })
  expect(gateway.calls[0]?.params).toEqual({ to: '5', message: 'look', mediaUrl: 'https://example.org/cat.jpg', channel: 'pigeon', idempotencyKey: 'send-1' })
  await gateway.close()
})

it('names what is missing', async () => {
  const run = await runCommand(['message', 'send', '-m', 'x'])
  expect(run.code).toBe(2)
  expect(run.err).toContain('--channel and --target')
})
