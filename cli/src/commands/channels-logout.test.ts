import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('logs out and says so', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'channels.logout': { channel: 'pigeon', accountId: 'default', cleared: true } } })
  expect(await runCommand(['channels', 'logout', '--channel', 'pigeon'], { gateway })).toMatchObject({ code: 0, out: 'Logged out of pigeon. Its keys are gone.\n' })
  expect(gateway.calls[0]?.params).toEqual({ channel: 'pigeon' })
  expect(await runCommand(['channels', 'logout'])).toMatchObject({ code: 2 })
  await gateway.close()
})
