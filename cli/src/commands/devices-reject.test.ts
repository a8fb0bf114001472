import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('finds the request by its beginning, or the only one there is', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: {
    'device.pair.list': { pending: [{ requestId: 'abc-1', displayName: 'Tablet' }], paired: [] },
    'device.pair.reject': { requestId: 'abc-1' },
  } })
  for (const words of [[], ['abc'], ['abc-1']]) {
    const run = await runCommand(['devices', 'reject', ...words], { gateway })
    expect(run.code).toBe(0)
    expect(run.out).toContain('Tablet may')
  }
  const made = gateway.calls.filter((call) => call.method === 'device.pair.reject')
  expect(made.map((call) => call.params)).toEqual([{ requestId: 'abc-1' }, { requestId: 'abc-1' }, { requestId: 'abc-1' }])

  expect((await runCommand(['devices', 'reject', 'xyz'], { gateway })).code).toBe(1)
  gateway.methods['device.pair.list'] = { pending: [{ requestId: 'abc-1' }, { requestId: 'abc-2' }] }
  expect((await runCommand(['devices', 'reject', 'abc'], { gateway })).code).toBe(2)
  expect(gateway.calls.filter((call) => call.method === 'device.pair.reject')).toHaveLength(3)
  await gateway.close()
})
