import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows the signed-in browsers', async () => {
  const now = Date.now()
  const row = { id: 'bs_1', words: 'Firefox on Linux', browser: 'x', address: null, via: 'secret', createdAtMs: now - 3_600_000, lastUsedAtMs: now - 120_000, expiresAtMs: now + 3_600_000, provedAtMs: now }
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sessions.browser.list': { browsers: [row, { ...row, id: 'bs_2', via: 'proxy:ann', address: '10.0.0.1' }] } } })
  const run = await runCommand(['login'], { gateway, columns: 160 })
  for (const words of ['Firefox on Linux', 'bs_1', 'this computer', '2 min ago', '(proxy:ann)', '10.0.0.1', 'moltbot logout']) expect(run.out).toContain(words)
  gateway.methods['sessions.browser.list'] = { browsers: [] }
  expect((await runCommand(['login', 'list'], { gateway })).out).toContain('moltbot login link')
  await gateway.close()
})
