import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows where each line stands and whose words steered it', async () => {
  const hits = [{ path: 'memory/2026-11-22-outside.md', line: 3, text: 'Closes\u001b[2J at nine.', day: '2026-11-22', source: null, owner: 'owner', origin: 'external', score: 1 }]
  const gateway = await startFakeGateway({ token: 'T', methods: { 'memory.search': { hits } } })
  const shown = await runCommand(['memory', 'search', 'closes'], { gateway })
  expect(shown.out).toContain('memory/2026-11-22-outside.md:3 (2026-11-22, external)')
  expect(shown.out).not.toContain('\u001b[2J')
  await gateway.close()
})
