import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { samplePeople } from '../testing/sample-people.ts'

it('gives a profile, and takes it away with none', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'principals.list': samplePeople, 'principals.profile': { ok: true, person: {} } } })
  expect((await runCommand(['people', 'profile', 'pr_ann02', 'child'], { gateway })).out).toContain('now has the profile child')
  expect((await runCommand(['people', 'profile', 'pr_ann02', 'none'], { gateway })).out).toContain('no profile any more')
  expect(gateway.calls.at(-1)?.params).toEqual({ id: 'pr_ann02', profile: null })
  await gateway.close()
})
