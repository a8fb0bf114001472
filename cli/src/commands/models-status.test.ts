import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('tells who answers and why', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'models.status': { primary: 'a/b', fallbacks: ['c/d', 'e/f'], why: 'It is configured.' } } })
  expect((await runCommand(['models'], { gateway })).out).toBe('a/b answers.\n  It is configured.\n  If it fails: c/d, then e/f.\n')
  gateway.methods['models.status'] = { primary: 'builtin/assistant', fallbacks: [], why: '' }
  expect((await runCommand(['models', 'status'], { gateway })).out).toContain('moltbot onboard')
  await gateway.close()
})
