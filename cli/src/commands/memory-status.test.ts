import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('lists the files, or says that there are none', async () => {
  const facts = { files: [{ path: 'MEMORY.md', bytes: 70 }], lines: 2 }
  const gateway = await startFakeGateway({ token: 'T', methods: { 'memory.status': facts } })
  expect((await runCommand(['memory', 'status'], { gateway })).out).toMatch(/MEMORY\.md \(70 bytes\)\n2 lines can be found\./)
  await gateway.close()
  const empty = await startFakeGateway({ token: 'T', methods: { 'memory.status': { files: [], lines: 0 } } })
  expect((await runCommand(['memory'], { gateway: empty })).out).toContain('Nothing is noted yet.')
  await empty.close()
})
