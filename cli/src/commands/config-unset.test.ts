import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fakeConfig, fakeOffline } from '../testing/config-fixtures.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { makeStateDir, runCommand } from '../testing/run-command.ts'

it('removes one key, with and without a gateway', async () => {
  const config = fakeConfig()
  const gateway = await startFakeGateway({ token: 'T', methods: config.methods })
  expect((await runCommand(['config', 'unset', 'gateway.port'], { gateway })).code).toBe(0)
  expect(config.writes).toEqual([{ gateway: { port: null } }])
  const file = join(await makeStateDir(), 'moltbot.json')
  await writeFile(file, '{ gateway: { port: 1 } }')
  const offline = fakeOffline(file)
  await runCommand(['config', 'unset', 'gateway.port'], { offline })
  expect(offline.done).toEqual([['unset', 'gateway.port']])
  await gateway.close()
})

it('leaves the file alone where the key does not stand in it, and says so', async () => {
  const config = fakeConfig()
  const gateway = await startFakeGateway({ token: 'T', methods: config.methods })
  expect(await runCommand(['config', 'unset', 'gatway.port'], { gateway })).toMatchObject({ code: 0, out: 'gatway.port is not set in /state/moltbot.json; nothing was changed.\n' })
  expect(config.writes).toEqual([])
  const offline = fakeOffline()
  expect(JSON.parse((await runCommand(['config', 'unset', 'gateway.port', '--json'], { offline })).out)).toMatchObject({ changed: false })
  expect(offline.done).toEqual([])
  await gateway.close()
})
