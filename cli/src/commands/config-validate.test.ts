import { expect, it } from 'vitest'
import { fakeConfig, fakeOffline } from '../testing/config-fixtures.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('names file, line and column, and fails on errors only', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: fakeConfig().methods })
  const run = await runCommand(['config', 'validate'], { gateway })
  expect(run.code).toBe(1)
  expect(run.out).toContain('error  /state/moltbot.json:3:9  gateway.port: expected a whole number')
  expect(run.out).toContain('warning  /state/moltbot.json:1:1')
  expect(JSON.parse((await runCommand(['config', 'validate', '--json'], { gateway })).out)).toMatchObject({ valid: false, issues: [{ severity: 'error', line: 3 }, { severity: 'warning' }] })
  expect(await runCommand(['config', 'validate'], { offline: fakeOffline() })).toMatchObject({ code: 0, out: '✓ /offline/moltbot.json is valid.\n' })
  await gateway.close()
})
