import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('prints one address to open', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'auth.link': { token: 'once-abc', expiresAtMs: 5 } } })
  expect((await runCommand(['login', 'link'], { gateway })).out.split('\n')[0]).toBe(`http://localhost:${gateway.port}/?token=once-abc`)
  await gateway.close()
})
