import { expect, it } from 'vitest'
import { startFakeGateway, WireError } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('admits by channel and code, or by the code alone', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: {
    'pairing.list': { requests: [{ channel: 'pigeon', code: 'AB2CD3EF' }, { channel: 'smoke', code: 'XX2CD3EF' }] },
    'pairing.approve': { ok: true, paired: { channel: 'pigeon', account: 'default', sender: '42', name: 'Ada', principal: 'owner', role: 'owner', since: 1 } },
  } })
  expect((await runCommand(['pairing', 'approve', 'pigeon', 'AB2CD3EF'], { gateway })).out).toBe('✓ Ada may now talk to your assistant on pigeon, as owner.\n')
  await runCommand(['pairing', 'approve', 'ab2cd3ef'], { gateway })
  expect(gateway.calls.filter((call) => call.method === 'pairing.approve').map((call) => call.params)).toEqual([{ channel: 'pigeon', code: 'AB2CD3EF' }, { channel: 'pigeon', code: 'ab2cd3ef' }])
  expect((await runCommand(['pairing', 'approve', 'ZZZZZZZZ'], { gateway })).code).toBe(2)
  expect(JSON.parse((await runCommand(['pairing', 'approve', 'pigeon', 'AB2CD3EF', '--json'], { gateway })).out)).toMatchObject({ sender: '42', role: 'owner' })
  await gateway.close()
})

it('tells why it was not done', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'pairing.approve': () => { throw new WireError('INVALID_REQUEST', 'nobody is waiting with that code See pairing.list.', { problem: 'pairing-code-unknown' }) } } })
  const run = await runCommand(['pairing', 'approve', 'pigeon', 'AB2CD3EF'], { gateway })
  expect(run.code).toBe(1)
  expect(run.err).toContain('See: moltbot pairing list')
  await gateway.close()
})
