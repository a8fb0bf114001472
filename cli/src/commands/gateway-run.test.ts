import type { GatewayRunOptions } from '@moltbot/contract'
import { expect, it } from 'vitest'
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
