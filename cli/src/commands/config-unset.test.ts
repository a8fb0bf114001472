import { expect, it } from 'vitest'
import { fakeConfig, fakeOffline } from '../testing/config-fixtures.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('removes one key, with and without a gateway', async () => {
  const config = fakeConfig()
  const gateway = await startFakeGateway({ token: 'T', methods: config.methods })
  expect((await runCommand(['config', 'unset', 'gateway.port'], { gateway })).code).toBe(0)
  expect(config.writes).toEqual([{ gateway: { port: null } }])
  const offline = fakeOffline()
  await runCommand(['config', 'unset', 'gateway.port'], { offline })
  expect(offline.done).toEqual([['unset', 'gateway.port']])
  await gateway.close()
})
