import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

const restarts = ({ gateway: self }: FakeCall): unknown => {
  setImmediate(() => self.drop())
  return { ok: true }
}

it('is done when the gateway answers again', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'gateway.restart': restarts } })
  const run = await runCommand(['gateway', 'restart', '--json'], { gateway })
  expect(run.code).toBe(0)
  expect(JSON.parse(run.out)).toMatchObject({ restarted: true, version: '9.9.9' })
  expect(gateway.connects).toHaveLength(2)
  await gateway.close()
})

it('says how to start it when it does not come back', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'gateway.restart': ({ gateway: self }: FakeCall) => void setImmediate(() => self.close()) } })
  const run = await runCommand(['gateway', 'restart', '--timeout', '1'], { gateway })
  expect(run.code).toBe(1)
  expect(run.err).toContain('did not come back')
  expect(run.err).toContain('Start it with:')
})
