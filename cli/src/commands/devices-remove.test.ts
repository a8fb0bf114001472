import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('forgets the device that is meant, and no other', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'device.pair.list': { pending: [], paired: [{ deviceId: 'abcd1111', displayName: 'Phone' }, { deviceId: 'abcd2222' }] }, 'device.pair.remove': { removed: true } } })
  expect((await runCommand(['devices', 'remove', 'abcd1'], { gateway })).out).toContain('Phone is forgotten')
  expect(gateway.calls.at(-1)?.params).toEqual({ deviceId: 'abcd1111' })
  for (const wrong of ['abcd', 'abc', 'ffff']) expect((await runCommand(['devices', 'remove', wrong], { gateway })).code).toBe(2)
  await gateway.close()
})
