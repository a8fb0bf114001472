import { expect, it } from 'vitest'
import { startFakeGateway, type FakeCall } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('says whether an address may be reached, and ends with it', async () => {
  const yes = { allowed: true, host: 'site.example', port: 443, addresses: [{ address: '93.184.216.34', kind: 'public' }], rule: '*', code: null, reason: null }
  const no = { ...yes, allowed: false, addresses: [{ address: '127.0.0.1', kind: 'loopback' }], rule: null, code: 'egress-address-refused', reason: 'site.example leads to this\u001b[2J machine.' }
  const gateway = await startFakeGateway({ token: 'T', methods: { 'egress.test': ({ params }: FakeCall) => (params['use'] === 'commands' ? no : yes) } })
  const allowed = await runCommand(['egress', 'test', 'https://site.example/'], { gateway })
  expect([allowed.code, allowed.out]).toEqual([0, '✓ site.example port 443 may be reached, by the rule *.\n  93.184.216.34  public\n'])
  const refused = await runCommand(['egress', 'test', 'https://site.example/', '--use', 'commands', '--agent', 'a'], { gateway })
  expect(refused.code).toBe(1)
  expect(refused.out).toContain('✗ site.example port 443 may not be reached. site.example leads to this')
  expect(refused.out).not.toContain('\u001b')
  expect(gateway.calls.at(-1)).toEqual({ method: 'egress.test', params: { url: 'https://site.example/', use: 'commands', agent: 'a' } })
  await gateway.close()
})
