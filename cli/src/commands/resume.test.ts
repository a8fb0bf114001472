import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('resumes with the second factor only after a panic', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { status: { halt: { kind: 'paused' } }, resume: { was: 'paused', forgotten: 0 }, 'resume.challenge': { factor: 'totp' } } })
  expect((await runCommand(['resume', '--forget'], { gateway })).code).toBe(0)
  expect(gateway.calls.at(-1)).toEqual({ method: 'resume', params: { forget: true } })
  gateway.methods['status'] = { halt: { kind: 'panic' } }
  // Nobody is there to type it.
  expect((await runCommand(['resume'], { gateway })).code).toBe(2)
  expect((await runCommand(['resume', '--code', '123456'], { gateway })).code).toBe(0)
  expect(gateway.calls.at(-1)).toEqual({ method: 'resume', params: { code: '123456' } })
  await gateway.close()
})
