import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AuditVerification, OfflineAudit } from '@moltbot/contract'
import { exitCodes } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { makeStateDir, runCommand } from '../testing/run-command.ts'

const whole: AuditVerification = { ok: true, fault: null, at: null, rows: 9, from: 1, to: 9, anchors: 2, sentence: 'The record is whole.', next: null, notes: ['A note.'] }
const broken: AuditVerification = { ...whole, ok: false, fault: 'edited', at: 3, sentence: 'The entry at place 3 is not as it was written.', next: 'Keep a copy.' }
const files = (found: AuditVerification, asked: unknown[] = []): OfflineAudit => ({
  log: () => Promise.reject(new Error('not asked')), export: () => Promise.reject(new Error('not asked')), verify: async (options) => (asked.push(options), found), close: async () => undefined,
})

it('says that it is whole and exits 0', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'audit.log': {}, 'audit.verify': whole } })
  const { code, out } = await runCommand(['audit', 'verify'], { gateway })
  expect(code).toBe(exitCodes.ok)
  expect(out).toContain('✅ The record is whole.')
  await gateway.close()
})

it('names the first place without a running gateway, and exits 1', async () => {
  const folder = await makeStateDir()
  await writeFile(join(folder, 'anchors'), 'kept elsewhere\n')
  const asked: unknown[] = []
  const { code, out } = await runCommand(['audit', 'verify', '--anchors', join(folder, 'anchors')], { machine: { offlineAudit: async () => files(broken, asked) } })
  expect(code).toBe(exitCodes.failed)
  expect(out).toContain('First place: 3')
  expect(out).toContain('→ Keep a copy.')
  expect(asked).toEqual([{ anchors: 'kept elsewhere\n' }])
})

it('accepts only through a running gateway', async () => {
  expect((await runCommand(['audit', 'verify', '--accept'], { machine: { offlineAudit: async () => files(broken) } })).code).toBe(exitCodes.unreachable)
  const gateway = await startFakeGateway({ token: 'T', methods: { 'audit.log': {}, 'audit.verify': broken } })
  expect((await runCommand(['audit', 'verify', '--accept'], { gateway })).code).toBe(exitCodes.ok)
  expect(gateway.calls.at(-1)?.params).toEqual({ accept: true })
  await gateway.close()
})
