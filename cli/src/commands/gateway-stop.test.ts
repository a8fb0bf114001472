import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('waits until the gateway is gone', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: {
    'gateway.stop': ({ gateway: self }: FakeCall) => {
      setImmediate(() => self.drop())
      return { ok: true }
    },
  } })
  expect(await runCommand(['gateway', 'stop'], { gateway })).toMatchObject({ code: 0, out: 'The gateway has stopped.\n' })
  await gateway.close()
})

it('says so when it does not go', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'gateway.stop': { ok: true } } })
  const run = await runCommand(['gateway', 'stop', '--timeout', '1'], { gateway })
  expect(run.code).toBe(1)
  expect(run.err).toContain('did not stop within 1 s')
  await gateway.close()
})

it('is told apart from no gateway at all', async () => {
  expect((await runCommand(['gateway', 'stop'])).code).toBe(3)
})
