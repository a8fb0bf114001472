import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows who waits, and who is admitted', async () => {
  const now = Date.now()
  const gateway = await startFakeGateway({ token: 'T', methods: {
    'pairing.list': { requests: [{ channel: 'pigeon', account: 'default', sender: '42', senderName: 'Ada\u001b[2J', code: 'AB2CD3EF', createdAt: now - 120_000, expiresAt: now + 3_510_000 }] },
    'pairing.paired': { paired: [{ channel: 'pigeon', sender: '7', name: 'Bob', role: 'owner', since: now - 86_400_000 }, { channel: 'smoke', sender: '8', name: 'Eve', role: 'member', since: now }] },
  } })
  const run = await runCommand(['pairing', 'list', 'pigeon', '--all'], { gateway })
  for (const words of ['AB2CD3EF', 'Ada  ', '2 min ago', '58 min', 'moltbot pairing approve', 'Bob', 'owner', '24 h ago']) expect(run.out).toContain(words)
  expect(run.out).not.toContain('Eve')
  expect(run.out).not.toContain('\u001b')
  expect(gateway.calls[0]?.params).toEqual({ channel: 'pigeon' })
  gateway.methods['pairing.list'] = { requests: [] }
  expect((await runCommand(['pairing'], { gateway })).out).toBe('Nobody is waiting.\n')
  await gateway.close()
})
