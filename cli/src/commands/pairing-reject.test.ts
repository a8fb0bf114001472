import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('turns a request down', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'pairing.reject': { ok: true, rejected: true } } })
  expect(await runCommand(['pairing', 'reject', 'pigeon', 'AB2CD3EF'], { gateway })).toMatchObject({ code: 0, out: 'The request AB2CD3EF is turned down; nothing was sent to them.\n' })
  expect(gateway.calls[0]?.params).toEqual({ channel: 'pigeon', code: 'AB2CD3EF' })
  await gateway.close()
})
