import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows who asks and who is paired', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'device.pair.list': {
    pending: [{ requestId: 'R-1', deviceId: 'd'.repeat(64), displayName: 'Tablet', platform: 'iOS 18', scopes: ['operator.read'], remoteIp: '10.0.0.9', ts: Date.now() - 30_000 }],
    paired: [{ deviceId: 'e'.repeat(64), displayName: 'Laptop', role: 'operator', approvedAtMs: Date.now() - 3_600_000 }],
  } } })
  const run = await runCommand(['devices'], { gateway })
  for (const words of ['R-1', 'Tablet, iOS 18', '10.0.0.9', 'operator.read', '30 s ago', 'Laptop', 'eeeeeeeeeeee ', '1 h ago']) expect(run.out).toContain(words)
  gateway.methods['device.pair.list'] = { pending: [], paired: [] }
  expect((await runCommand(['devices', 'list'], { gateway })).out).toContain('No devices are paired.')
  await gateway.close()
})
