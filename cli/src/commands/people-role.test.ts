import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { samplePeople } from '../testing/sample-people.ts'

it('finds the person by id or by channel and id, never by name, and gives the role', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'principals.list': samplePeople, 'principals.role': { ok: true, person: {} } } })
  expect((await runCommand(['people', 'role', 'pigeon:7', 'guest'], { gateway })).out).toContain('is now guest')
  expect(gateway.calls.at(-1)).toMatchObject({ method: 'principals.role', params: { id: 'pr_ann01', role: 'guest' } })
  for (const wrong of ['Ann', 'pr_ann', 'pr_']) expect((await runCommand(['people', 'role', wrong, 'guest'], { gateway })).code).toBe(2)
  expect((await runCommand(['people', 'role', 'pr_ann01', 'king'], { gateway })).err).toContain('no role')
  await gateway.close()
})
