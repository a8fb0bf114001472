import { expect, it } from 'vitest'
import { startFakeGateway, type FakeCall } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows what left by host, or that nothing did', async () => {
  const row = { host: 'site.example', agent: 'main', principal: 'owner', use: 'web', connections: 2, refused: 1, bytesOut: 900, bytesIn: 3_145_728 }
  const day = { date: '2026-01-02', connections: 2, refused: 1, bytesOut: 2_048, bytesIn: 3_145_728, rows: [row] }
  const gateway = await startFakeGateway({ token: 'T', methods: { 'egress.today': ({ params }: FakeCall) => (params['daysAgo'] === 1 ? { ...day, rows: [] } : day) } })
  const { out } = await runCommand(['egress'], { gateway })
  expect(out).toContain('2026-01-02: 2.0 KiB out, 3.0 MiB in, 2 connections, 1 refused.')
  expect(out).toMatch(/site\.example +900 B +3\.0 MiB +2 +1 +web +main +owner/)
  expect((await runCommand(['egress', 'today', '--days', '1'], { gateway })).out).toBe('2026-01-02: nothing left this machine through tools.\n')
  await gateway.close()
})
