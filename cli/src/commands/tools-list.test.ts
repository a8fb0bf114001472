import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows each tool or the layer that took it away, and names that mean nothing', async () => {
  const facts = { agentId: 'work', as: 'member', tools: [{ name: 'read', description: 'Read a file.', removedBy: null }, { name: 'run', description: 'x', removedBy: 'tools.deny' }], unknown: [{ list: 'tools.allow', name: 'reed\u001b[2J' }] }
  const gateway = await startFakeGateway({ token: 'T', methods: { 'tools.list': facts } })
  const shown = await runCommand(['tools', 'list', '--agent', 'work', '--as', 'member'], { gateway })
  expect(shown.out).toContain('The agent work for member:')
  expect(shown.out).toMatch(/✓ read +Read a file\./)
  expect(shown.out).toMatch(/✗ run +taken away by tools\.deny/)
  expect(shown.out).toMatch(/! tools\.allow names "reed/)
  expect(shown.out).not.toContain('\u001b[2J')
  expect(JSON.parse((await runCommand(['tools', '--json'], { gateway })).out)).toEqual(facts)
  await gateway.close()
})
