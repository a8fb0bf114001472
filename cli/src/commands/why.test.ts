import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('prints the path of a message, as lines or as facts', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { why: { lines: ['came in', 'went\u001b[2J out'], data: { id: 'in-1' } } } })
  expect((await runCommand(['why', 'in-1'], { gateway })).out).toBe('came in\nwent out\n')
  expect(JSON.parse((await runCommand(['why', 'in-1', '--json'], { gateway })).out)).toEqual({ id: 'in-1' })
  expect(gateway.calls[0]).toEqual({ method: 'why', params: { id: 'in-1' } })
  await gateway.close()
})
