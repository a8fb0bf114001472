import type { GatewayRunOptions } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('passes its flags on and ends with the code of the gateway', async () => {
  const asked: GatewayRunOptions[] = []
  const machine = { runGateway: async (options: GatewayRunOptions) => asked.push(options) - 1 }
  expect((await runCommand(['gateway'], { machine })).code).toBe(0)
  expect((await runCommand(['gateway', 'run', '--port', '19000', '--bind', 'lan', '--force', '--verbose'], { machine })).code).toBe(1)
  expect(asked).toEqual([{ force: false, verbose: false }, { port: 19_000, bind: 'lan', force: true, verbose: true }])
})

it('refuses a port that is none before anything starts', async () => {
  expect((await runCommand(['gateway', '--port', '70000'], { machine: { runGateway: async () => 0 } })).code).toBe(2)
})

it('stops the one that runs already when forced to', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'gateway.stop': ({ gateway: self }: FakeCall) => void setImmediate(() => self.drop()) } })
  let begun = 0
  const machine = { runGateway: async () => begun++ }
  expect((await runCommand(['gateway', '--force'], { gateway, machine })).code).toBe(0)
  expect([gateway.calls.map((call) => call.method), begun]).toEqual([['gateway.stop'], 1])
  await gateway.close()
  const foreign = await startFakeGateway({ token: 'other' })
  expect((await runCommand(['gateway', '--force'], { gateway: foreign, machine })).code).toBe(4)
  expect(begun).toBe(1)
  await foreign.close()
})
