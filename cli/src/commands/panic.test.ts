import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

const done = { incident: '/state/incidents/x', again: false, turns: 2, commands: 1, waiting: 3, browsers: 1, devices: 1, grants: 0, approvals: 0, files: [], faults: [], tookMs: 5, tokenRotated: false }

it('says what was stopped, and fails when a step did', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { panic: done } })
  const run = await runCommand(['panic'], { gateway })
  expect(run.code).toBe(0)
  expect(run.out).toContain('/state/incidents/x')
  gateway.methods['panic'] = { ...done, faults: ['taking back devices: no'], tokenRotated: true }
  const failed = await runCommand(['panic', '--rotate-token'], { gateway })
  expect(failed.code).toBe(1)
  expect(failed.out).toContain('taking back devices: no')
  expect(gateway.calls.at(-1)).toEqual({ method: 'panic', params: { rotateToken: true } })
  await gateway.close()
})
