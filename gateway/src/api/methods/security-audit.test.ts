import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineCheck } from '@moltbot/contract'
import type { Check } from '@moltbot/contract'
import { afterEach, expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import type { FakeRooms } from '../testing/fake-rooms.ts'
import { runDoor } from '../testing/test-client.ts'
import { securityAudit } from './security-audit.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const open = defineCheck({
  id: 'test.open', severity: 'warn', title: 'Closed', quick: true,
  find: (facts) => facts.files.filter(({ mode }) => (mode & 0o077) !== 0).map(({ path }) => ({ check: 'test.open', severity: 'warn', subject: path, evidence: 'Open.', remedy: 'Close it.' })),
  fix: (_, { subject }) => ({ kind: 'chmod', path: subject, mode: 0o600 }),
})
const stuck = defineCheck({ id: 'test.waiting', severity: 'info', title: 'Nobody waits', needs: 'live', find: (facts) => (facts.live?.devicesPending === 0 ? [] : [{ check: 'test.waiting', severity: 'info', subject: 'devices', evidence: 'Waiting.', remedy: 'Look.' }]) })
const refused = defineCheck({ id: 'test.refused', severity: 'critical', title: 'Strangers are refused', needs: 'deep', find: (facts) => (facts.deep?.refusals ?? []).filter(({ status }) => status !== null && status < 400).map(({ what }) => ({ check: 'test.refused', severity: 'critical', subject: what, evidence: 'Served.', remedy: 'Stop.' })) })

async function roomsWith(checks: readonly Check[], port?: () => number | undefined): Promise<FakeRooms> {
  const stateDir = mkdtempSync(join(tmpdir(), 'moltbot-audit-'))
  folders.push(stateDir)
  const rooms = await fakeRooms()
  rooms.stateDir = stateDir
  rooms.review = { checks, machine: { node: '24.0.0', platform: 'linux', user: 1000, home: stateDir }, vaultKeyFile: join(stateDir, 'none'), vault: () => ({ state: 'none' }), port: port ?? (() => undefined) }
  return rooms
}

it('looks at the state directory and says what would mend it', async () => {
  const rooms = await roomsWith([open, stuck])
  const file = join(rooms.stateDir, 'secrets.env')
  writeFileSync(file, '')
  chmodSync(file, 0o644)
  const answer = await callMethod(securityAudit, {}, rooms)
  expect(answer).toMatchObject({
    stateDir: rooms.stateDir, live: true, deep: false,
    findings: [{ check: 'test.open', severity: 'warn', subject: file, fix: { kind: 'chmod', path: file, mode: 0o600 } }],
    checks: [{ id: 'test.open', outcome: 'found' }, { id: 'test.waiting', outcome: 'clean' }],
  })
})

it('quick makes only the essential checks', async () => {
  const rooms = await roomsWith([stuck, open])
  expect((await callMethod(securityAudit, { quick: true }, rooms)).checks.map(({ id }) => id)).toEqual(['test.open'])
})

it('deep knocks at the real door as strangers would, and all of them are refused', async () => {
  const rooms = await roomsWith([refused])
  const running = await runDoor({ rooms })
  try {
    rooms.review = { ...(rooms.review as NonNullable<typeof rooms.review>), port: () => running.port }
    expect(await callMethod(securityAudit, { deep: true }, rooms)).toMatchObject({ deep: true, findings: [], checks: [{ outcome: 'clean' }] })
    expect((await callMethod(securityAudit, {}, rooms)).checks).toMatchObject([{ outcome: 'not-looked-at' }])
  } finally {
    await running.close()
  }
})

it('without the review it says so', async () => {
  await expect(callMethod(securityAudit, {}, await fakeRooms())).rejects.toMatchObject({ code: 'review-missing' })
})
