import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exitCodes } from '@moltbot/contract'
import type { Review } from '@moltbot/contract'
import { afterEach, describe, expect, it } from 'vitest'
import { WireError, startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeGateway, FakeMethods } from '../testing/fake-gateway.ts'
import { makeStateDir, runCommand } from '../testing/run-command.ts'

const review = (findings: Review['findings'] = []): Review => ({
  takenAt: 1, stateDir: '/s', live: true, deep: false, findings,
  checks: [
    { id: 'gateway.ports_localhost', title: 'Ports are bound to localhost', severity: 'warn', outcome: findings.some(({ check }) => check === 'gateway.ports_localhost') ? 'found' : 'clean' },
    { id: 'fs.secrets_env.perms', title: 'Only its owner can read secrets.env', severity: 'critical', outcome: findings.some(({ check }) => check === 'fs.secrets_env.perms') ? 'found' : 'clean' },
    { id: 'devices.stale', title: 'Every paired device is in use', severity: 'warn', outcome: 'not-looked-at' },
  ],
})
const open = { check: 'gateway.ports_localhost', severity: 'warn' as const, subject: 'gateway.bind', evidence: 'gateway.bind is "lan".\u001b[2J', remedy: 'Set it to loopback.' }
const readable = { check: 'fs.secrets_env.perms', severity: 'critical' as const, subject: '/s/secrets.env', evidence: 'Its mode is 644.', remedy: 'Run: chmod 600 /s/secrets.env' }

let gateway: FakeGateway | undefined
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})
async function serving(methods: FakeMethods): Promise<FakeGateway> {
  return (gateway = await startFakeGateway({ token: 'T', methods }))
}

describe('moltbot security audit', () => {
  it('asks the running gateway and exits 0 without critical findings', async () => {
    const fake = await serving({ 'security.audit': review([open]) })
    const { code, out } = await runCommand(['security', 'audit', '--deep'], { gateway: fake })
    expect(code).toBe(exitCodes.ok)
    expect(out).toContain('⚠ warning  gateway.bind')
    expect(out).toContain('→ Set it to loopback.')
    expect(out).toContain('1 warning; 1 of 3 checks found nothing, 1 could not look.')
    expect(out).not.toContain('\u001b[2J')
    expect(fake.calls).toEqual([{ method: 'security.audit', params: { quick: false, deep: true } }])
  })

  it('exits 1 with a critical finding; --all also says what is as it should be', async () => {
    const fake = await serving({ 'security.audit': review([readable]) })
    const { code, out } = await runCommand(['security', 'audit', '--all'], { gateway: fake })
    expect(code).toBe(exitCodes.failed)
    expect(out).toMatch(/^✅ Ports are bound to localhost\n/)
    expect(out).toContain('✗ critical  /s/secrets.env')
  })

  it('looks at the files when no gateway runs, and says what it could not see', async () => {
    const asked: unknown[] = []
    const { code, out } = await runCommand(['security', 'audit', '--quick'], { machine: { offlineReview: async (options) => (asked.push(options), { ...review(), live: false }) } })
    expect(code).toBe(exitCodes.ok)
    expect(asked).toEqual([{ quick: true, deep: false }])
    expect(out).toContain('The gateway is not running')
    expect(out).toContain('✅ Nothing found')
  })

  it.each([
    ['is older', { methods: {} }, 'older'],
    ['refuses this command', { methods: {}, admit: () => { throw new WireError('INVALID_REQUEST', 'unauthorized: gateway token mismatch (set gateway.remote.token)', { code: 'AUTH_TOKEN_MISMATCH' }) } }, 'did not let this command in'],
  ])('looks at the files when the gateway %s', async (_, options, because) => {
    gateway = await startFakeGateway({ token: 'T', ...options })
    const { code, out } = await runCommand(['security', 'audit'], { gateway, machine: { offlineReview: async () => review([readable]) } })
    expect(code).toBe(exitCodes.failed)
    expect(out).toContain(because)
  })

  it('does not judge the files here by a gateway elsewhere that does not answer', async () => {
    const stateDir = await makeStateDir()
    await writeFile(join(stateDir, 'moltbot.json'), '{ gateway: { mode: "remote", remote: { url: "wss://gateway.invalid:1", token: "x" } } }')
    let asked = false
    const { code, err } = await runCommand(['security', 'audit'], { stateDir, machine: { offlineReview: async () => { asked = true; return review() } } })
    expect({ code, asked }).toEqual({ code: exitCodes.unreachable, asked: false })
    expect(err).toContain('gateway.invalid')
  })

  it('--json is the whole review', async () => {
    const fake = await serving({ 'security.audit': review([open]) })
    const { out } = await runCommand(['security', 'audit', '--json'], { gateway: fake })
    expect(JSON.parse(out)).toMatchObject({ through: 'gateway', findings: [{ check: 'gateway.ports_localhost' }], checks: [{ outcome: 'found' }, { outcome: 'clean' }, { outcome: 'not-looked-at' }] })
  })

  it('an answer in another form is a failure, not a clean bill', async () => {
    const fake = await serving({ 'security.audit': {} })
    const { code, err } = await runCommand(['security', 'audit'], { gateway: fake })
    expect(code).toBe(exitCodes.failed)
    expect(err).toContain('form this command does not know')
  })
})
