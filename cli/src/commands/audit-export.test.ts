import { exitCodes } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('prints every page, one line an entry', async () => {
  const pages: Record<string, { lines: string[]; next: number | null }> = { first: { lines: ['{"seq":1}', '{"seq":2}'], next: 2 }, second: { lines: ['{"seq":3}'], next: null } }
  const gateway = await startFakeGateway({ token: 'T', methods: { 'audit.log': {}, 'audit.export': ({ params }: FakeCall) => (params['after'] === 2 ? pages['second'] : pages['first']) } })
  const { code, out } = await runCommand(['audit', 'export', '--format', 'ocsf'], { gateway })
  expect(code).toBe(exitCodes.ok)
  expect(out).toBe('{"seq":1}\n{"seq":2}\n{"seq":3}\n')
  expect(gateway.calls.map(({ params }) => params)).toEqual([{ format: 'ocsf', limit: 1_000 }, { format: 'ocsf', limit: 1_000, after: 2 }])
  await gateway.close()
})
