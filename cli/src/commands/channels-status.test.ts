import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleChannels } from '../testing/sample-answers.ts'

it('shows how each is and what to do', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'channels.status': sampleChannels(Date.now()) } })
  const run = await runCommand(['channels'], { gateway })
  expect(run.out.split('\n')).toEqual([
    '● Pigeon Post: connected, last message 3 min ago', '    @my_bot',
    '● Smoke Signals: needs you', '    The token was refused. Paste a new one.',
    '○ Bell (tower): off', '',
  ])
  await gateway.close()
})

it('probes when asked', async () => {
  const status = sampleChannels(1)
  const accounts = status['channelAccounts'] as Record<string, Record<string, unknown>[]>
  Object.assign(accounts['pigeon']?.[0] ?? {}, { probe: { ok: true, text: '@my_bot', elapsedMs: 12, error: null } })
  const gateway = await startFakeGateway({ token: 'T', methods: { 'channels.status': status } })
  const run = await runCommand(['channels', 'status', '--probe'], { gateway })
  expect(gateway.calls[0]?.params).toEqual({ probe: true })
  expect(run.out).toContain('probe: ok, @my_bot (12 ms)')
  await gateway.close()
})

it('says what the state is known from when asked why', async () => {
  const status = sampleChannels(Date.now())
  const accounts = status['channelAccounts'] as Record<string, Record<string, unknown>[]>
  Object.assign(accounts['pigeon']?.[0] ?? {}, { lastConnectedAt: Date.now() - 20_000, lastOutboundAt: null, reconnectAttempts: 2, lastError: 'the line broke' })
  const gateway = await startFakeGateway({ token: 'T', methods: { 'channels.status': status } })
  const run = await runCommand(['channels', 'status', '--why'], { gateway })
  expect(run.out).toMatch(/    last connected .* ago\n    2 attempts since then\n    last error: the line broke/)
  expect(gateway.calls[0]?.params).toEqual({})
  await gateway.close()
})
