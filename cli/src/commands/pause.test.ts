import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('pauses and says how to go on', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { pause: { kind: 'paused' } } })
  expect((await runCommand(['pause'], { gateway })).out).toContain('moltbot resume')
  expect(gateway.calls.at(-1)?.method).toBe('pause')
  await gateway.close()
})
