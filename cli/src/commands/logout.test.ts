import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('signs out one browser or all, and asks which', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sessions.browser.list': { browsers: [{ id: 'bs_aaaa1' }, { id: 'bs_bbbb2' }] }, 'sessions.browser.end': { ok: true, ended: 1 } } })
  expect((await runCommand(['logout', 'bbb2'], { gateway })).out).toContain('One browser is signed out')
  expect(gateway.calls.at(-1)?.params).toEqual({ id: 'bs_bbbb2' })
  await runCommand(['logout', '--all'], { gateway })
  expect(gateway.calls.at(-1)?.params).toEqual({ all: true })
  for (const words of [['logout'], ['logout', 'bs_'], ['logout', 'bs_aaaa1', '--all']]) expect((await runCommand(words, { gateway })).code).toBe(2)
  await gateway.close()
})
