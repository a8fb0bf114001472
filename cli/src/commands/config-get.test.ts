import { expect, it } from 'vitest'
import { fakeConfig, fakeOffline } from '../testing/config-fixtures.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('reads through the gateway', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: fakeConfig().methods })
  expect((await runCommand(['config', 'get', 'gateway.port'], { gateway })).out).toBe('18789\n')
  expect((await runCommand(['config', 'get', 'models.providers["my.host"].baseUrl'], { gateway })).out).toBe('x\n')
  expect((await runCommand(['config', 'get', 'name'], { gateway })).out).toBe('bad\n')
  expect(JSON.parse((await runCommand(['config', 'get', 'gateway', '--json'], { gateway })).out)).toEqual({ port: 18_789 })
  const typo = await runCommand(['config', 'get', 'gateway.prot'], { gateway })
  expect(typo.code).toBe(1)
  expect(typo.err).toContain('Did you mean "gateway.port"?')
  await gateway.close()
})

it('reads the file when no gateway runs', async () => {
  expect(await runCommand(['config', 'get', 'gateway.port'], { offline: fakeOffline() })).toMatchObject({ code: 0, out: '1\n' })
})

it('does not take the file here for the configuration of a gateway elsewhere', async () => {
  expect((await runCommand(['config', 'get', '--url', 'wss://192.0.2.1.invalid.local:1', '--token', 't'], { offline: fakeOffline() })).code).toBe(3)
})

it('does not go around a gateway that refuses', async () => {
  const gateway = await startFakeGateway({ token: 'other', methods: fakeConfig().methods })
  expect((await runCommand(['config', 'get'], { gateway, offline: fakeOffline() })).code).toBe(4)
  await gateway.close()
})
