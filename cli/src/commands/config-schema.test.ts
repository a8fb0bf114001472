import { expect, it } from 'vitest'
import { fakeConfig, fakeOffline } from '../testing/config-fixtures.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('prints the whole schema or one part', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: fakeConfig().methods })
  expect(JSON.parse((await runCommand(['config', 'schema'], { gateway })).out)).toMatchObject({ type: 'object' })
  expect(JSON.parse((await runCommand(['config', 'schema', 'gateway.port'], { gateway })).out)).toEqual({ type: 'integer', description: 'Port' })
  expect(JSON.parse((await runCommand(['config', 'schema', 'models.providers.any.baseUrl'], { gateway })).out)).toEqual({ type: 'string' })
  expect((await runCommand(['config', 'schema', 'no.such'], { gateway })).code).toBe(1)
  expect((await runCommand(['config', 'schema'], { offline: fakeOffline() })).code).toBe(0)
  await gateway.close()
})
