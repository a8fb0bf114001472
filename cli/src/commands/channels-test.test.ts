import { expect, it } from 'vitest'
import { WireError, startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleChannels } from '../testing/sample-answers.ts'
import { sampleNetworks } from '../testing/sample-networks.ts'

async function gatewayWith(change: Record<string, unknown>, send: unknown = { messageId: 'm-7' }): Promise<FakeGateway> {
  const status = sampleChannels(1)
  const accounts = status['channelAccounts'] as Record<string, Record<string, unknown>[]>
  Object.assign(accounts['pigeon']?.[0] ?? {}, change)
  return startFakeGateway({ token: 'T', methods: { 'config.schema': { schema: sampleNetworks }, 'channels.status': { ...status, channelDefaultAccountId: { pigeon: 'default' } }, send } })
}
const good = { probe: { ok: true, text: '@my_bot', elapsedMs: 12, error: null } }

it('makes the round trip, sends when asked, and says both worked', async () => {
  const gateway = await gatewayWith(good)
  const run = await runCommand(['channels', 'test', '--channel', 'pigeon', '--to', '42'], { gateway })
  expect(run).toMatchObject({ code: 0, out: '✓ Pigeon Post: answered as @my_bot in 12 ms.\n✓ A test message is in 42: sent, and the network confirmed it (message m-7).\n' })
  expect(gateway.calls[1]?.params).toEqual({ probe: true, channel: 'pigeon' })
  expect(gateway.calls[2]?.params).toMatchObject({ to: '42', channel: 'pigeon', accountId: 'default' })
  await gateway.close()
})

it.each([
  [{ probe: { ok: false, text: 'forbidden', error: 'forbidden' } }, 'forbidden', 'channels logs --channel pigeon'],
  [{ state: 'needs-you', connected: false, detail: 'The token was refused. Paste a new one.', probe: { ok: false, text: 'not open' } }, 'The token was refused. Paste a new one.', 'channels add --channel pigeon --force'],
  [{ connected: false, state: 'retrying', lastError: 'no route' }, 'no route', 'channels logs'],
  [{ configured: false }, 'not set up', 'channels add --channel pigeon'],
  [{ enabled: false, state: 'off' }, 'switched off', 'channels.pigeon.enabled true'],
])('fails with the one thing to do: %j', async (change, said, next) => {
  const gateway = await gatewayWith(change)
  const run = await runCommand(['channels', 'test', '--channel', 'pigeon', '--to', '42'], { gateway })
  expect(run.code).toBe(1)
  expect(run.out).toContain(said)
  expect(run.out.split('\n')[1]).toContain(next)
  expect(gateway.calls.some(({ method }) => method === 'send')).toBe(false)
  await gateway.close()
})

it('says what became of a message that was not confirmed', async () => {
  const gateway = await gatewayWith(good, () => {
    throw new WireError('UNAVAILABLE', 'chat not found')
  })
  const run = await runCommand(['channels', 'test', '--channel', 'pigeon', '--to', '42', '--json'], { gateway })
  expect(run.code).toBe(1)
  expect(JSON.parse(run.out)).toMatchObject({ ok: false, delivery: 'failed', failure: expect.stringContaining('Chat not found') as string, next: expect.stringContaining('chat\'s id') as string })
  expect((await runCommand(['channels', 'test', '--channel', 'pigeon', '--account', 'nobody'], { gateway })).out).toContain('There are: default')
  expect((await runCommand(['channels', 'test', '--channel', 'pigeno'], { gateway })).err).toContain('Did you mean "pigeon"?')
  await gateway.close()
})
