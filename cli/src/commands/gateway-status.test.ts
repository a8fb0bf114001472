import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('tells where, which version and since when', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { health: { ok: true } } })
  const run = await runCommand(['gateway', 'status'], { gateway })
  expect(run.code).toBe(0)
  expect(run.out).toContain(`running at ${gateway.url}, for 1 min.`)
  expect(run.out).toContain('This command line is version 1.2.3.')
  expect(JSON.parse((await runCommand(['gateway', 'status', '--json'], { gateway })).out)).toMatchObject({ running: true, version: '9.9.9', cliVersion: '1.2.3', protocol: 4, uptimeMs: 61_000 })
  await gateway.close()
  expect((await runCommand(['gateway', 'status'], { gateway })).code).toBe(3)
})
