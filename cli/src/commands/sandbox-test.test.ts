import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

const held = { id: 'SBX-01', what: 'read keys', held: true, saw: 'refused' }

it('shows every attempt, and fails when one got out', async () => {
  const good = await startFakeGateway({ token: 'T', methods: { 'sandbox.test': { probes: [held, { id: 'SBX-06', what: 'make namespaces', held: null, saw: 'there is no unshare' }] } } })
  const shown = await runCommand(['sandbox', 'test'], { gateway: good })
  expect(shown.out).toBe('✓ SBX-01  read keys\n? SBX-06  make namespaces: there is no unshare\nNothing got out of 2 attempts.\n')
  expect(shown.code).toBe(0)
  await good.close()
  const bad = await startFakeGateway({ token: 'T', methods: { 'sandbox.test': { probes: [held, { id: 'SBX-03', what: 'reach the network', held: false, saw: 'loopback' }] } } })
  const failed = await runCommand(['sandbox', 'test'], { gateway: bad })
  expect(failed.out).toContain('✗ SBX-03  reach the network: loopback\n1 of 2 attempts got out.')
  expect(failed.code).toBe(1)
  await bad.close()
})
