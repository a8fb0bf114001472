import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows the verdict, each layer and what would be asked', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'policy.explain': { verdict: 'ask', reason: 'it read something', layers: [{ layer: 'the rule for runs-code', says: 'ask', why: 'it read something' }], question: 'Run ls\u001b[2J' } } })
  const run = await runCommand(['policy', 'explain', '--as', 'member', '--tool', 'run', '--input', '{"command":"ls"}', '--tainted'], { gateway })
  for (const words of ['ask: it read something', 'the rule for runs-code', 'It would be asked', 'Run ls']) expect(run.out).toContain(words)
  expect(run.out).not.toContain('\u001b[2J')
  expect(gateway.calls.at(-1)?.params).toEqual({ as: 'member', tool: 'run', input: { command: 'ls' }, tainted: true })
  for (const wrong of [['policy'], ['policy', 'explain', '--tool', 'run', '--input', '[1]'], ['policy', 'explain', '--tool', 'run', '--input', '{']]) expect((await runCommand(wrong, { gateway })).code).toBe(2)
  await gateway.close()
})
