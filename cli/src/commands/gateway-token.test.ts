import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('makes a new token and says how long the old one lives', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'auth.token.rotate': { ok: true, token: 'f'.repeat(64), overlapUntilMs: null } } })
  const run = await runCommand(['gateway', 'token', 'rotate'], { gateway })
  expect(run.out).toContain('f'.repeat(64))
  expect(run.out).toContain('opens nothing any more')
  gateway.methods['auth.token.rotate'] = { ok: true, token: 'e'.repeat(64), overlapUntilMs: Date.UTC(2030, 0, 2, 3, 4) }
  expect((await runCommand(['gateway', 'token', 'rotate', '--overlap', '24'], { gateway })).out).toContain('until 2030-01-02 03:04 UTC')
  expect(gateway.calls.at(-1)?.params).toEqual({ overlapHours: 24 })
  expect((await runCommand(['gateway', 'token', 'show'], { gateway })).code).toBe(2)
  await gateway.close()
})
