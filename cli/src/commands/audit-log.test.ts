import type { OfflineAudit } from '@moltbot/contract'
import { exitCodes } from '@moltbot/contract'
import { afterEach, expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

const line = { seq: 7, id: 'au1', at: 1_770_000_000_000, act: 'pairing.approved', class: 'people', principal: 'owner', subject: 'chat:1\u001b[2J', outcome: 'done', reason: 'approved by cli', place: null, correlation: null }
let gateway: FakeGateway | undefined
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})

it('shows the entries of the running gateway, narrowed down', async () => {
  gateway = await startFakeGateway({ token: 'T', methods: { 'audit.log': { lines: [line], next: null } } })
  const { code, out } = await runCommand(['audit', 'log', '--since', '24h', '--outcome', 'done', '--kind', 'pairing', '-n', '5'], { gateway, columns: 200, clock: { now: () => 90_000_000, after: (_, task) => { const timer = setTimeout(task, 10_000); return () => clearTimeout(timer) } } })
  expect(code).toBe(exitCodes.ok)
  expect(out).toContain('2026-02-02 02:40:00')
  expect(out).toContain('pairing.approved')
  expect(out).not.toContain('\u001b[2J')
  expect(gateway.calls).toEqual([{ method: 'audit.log', params: { since: 90_000_000 - 86_400_000, kind: 'pairing', outcome: 'done', limit: 5 } }])
})

it('reads the files when no gateway runs, and closes them', async () => {
  let closed = false
  const offline: OfflineAudit = { log: async () => ({ lines: [], next: null }), export: async () => ({ lines: [], next: null }), verify: () => Promise.reject(new Error('not asked')), close: async () => { closed = true } }
  const { code, out } = await runCommand(['audit'], { machine: { offlineAudit: async () => offline } })
  expect({ code, closed }).toEqual({ code: exitCodes.ok, closed: true })
  expect(out).toContain('Nothing of that kind is recorded.')
})

it('a time nobody understands is a wrong command line', async () => {
  const offline = { close: async () => undefined } as unknown as OfflineAudit
  expect((await runCommand(['audit', 'log', '--since', 'yesterday'], { machine: { offlineAudit: async () => offline } })).code).toBe(exitCodes.usage)
})
