import { X509Certificate, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeAuthority, makeServerCertificate } from '../../../gateway/src/api/tls/certificates.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { makeStateDir, runCommand } from '../testing/run-command.ts'

it('shows the fingerprint to pin, and says when the gateway does not use the certificate', async () => {
  const stateDir = await makeStateDir()
  const making = { now: Date.now(), random: randomBytes }
  const authority = makeAuthority('Test', making)
  mkdirSync(join(stateDir, 'tls'))
  writeFileSync(join(stateDir, 'tls', 'authority.pem'), authority.certificate)
  writeFileSync(join(stateDir, 'tls', 'server.pem'), makeServerCertificate(authority, ['localhost', '127.0.0.1'], making).certificate)
  const { fingerprint256 } = new X509Certificate(authority.certificate)

  writeFileSync(join(stateDir, 'moltbot.json'), '{ gateway: { tls: { enabled: true } } }')
  const shown = await runCommand(['gateway', 'tls'], { stateDir })
  expect(shown.out).toContain(fingerprint256)
  expect(shown.out).toContain('localhost, 127.0.0.1')
  expect(shown.out).not.toContain('does not use it')
  expect(JSON.parse((await runCommand(['gateway', 'tls', '--json'], { stateDir })).out)).toMatchObject({ enabled: true, running: false, fingerprint: fingerprint256, certificate: { names: ['localhost', '127.0.0.1'] } })

  writeFileSync(join(stateDir, 'moltbot.json'), '{}')
  expect((await runCommand(['gateway', 'tls'], { stateDir })).out).toContain('does not use it')
})

it('says what to do where there is none', async () => {
  const { code, err } = await runCommand(['gateway', 'tls'])
  expect(code).toBe(1)
  expect(err).toContain('gateway.tls.enabled')
})

it('shows the authority that takes over, and what makes one is asked of the gateway', async () => {
  const stateDir = await makeStateDir()
  const making = { now: Date.now(), random: randomBytes }
  const authority = makeAuthority('Test', making)
  mkdirSync(join(stateDir, 'tls'))
  writeFileSync(join(stateDir, 'tls', 'authority.pem'), authority.certificate)
  writeFileSync(join(stateDir, 'tls', 'server.pem'), makeServerCertificate(authority, ['localhost'], making).certificate)
  const { fingerprint256: fingerprint } = new X509Certificate(authority.certificate)
  const next = { fingerprint: 'AB:'.repeat(31) + 'AB', from: Date.UTC(2027, 4, 6) }
  writeFileSync(join(stateDir, 'running.json'), JSON.stringify({ port: 1, pid: process.pid, tls: { fingerprint, next } }))
  const shown = await runCommand(['gateway', 'tls'], { stateDir })
  expect(shown.out).toMatch(/From 2027-05-06 .*AB:AB/)
  expect(JSON.parse((await runCommand(['gateway', 'tls', '--json'], { stateDir })).out)).toMatchObject({ next })

  const gateway = await startFakeGateway({ token: 'T', methods: { 'tls.rotate': { ok: true, fingerprint, next } } })
  expect((await runCommand(['gateway', 'tls', 'rotate'], { gateway })).out).toContain(`--tls-fingerprint ${fingerprint},${next.fingerprint}`)
  expect(gateway.calls.at(-1)?.params).toEqual({ afterDays: 14 })
  gateway.methods['tls.rotate'] = { ok: true, fingerprint, next: null }
  expect((await runCommand(['gateway', 'tls', 'rotate', '--after', '0'], { gateway })).out).toContain('signs from now on')
  expect(gateway.calls.at(-1)?.params).toEqual({ afterDays: 0 })
  await gateway.close()
  expect(await runCommand(['gateway', 'tls', 'burn'], { stateDir })).toMatchObject({ code: 2 })
})
