import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { makeAuthority, makeServerCertificate } from '../tls/certificates.ts'
import { certificateFacts } from './certificate-facts.ts'

const stateDir = mkdtempSync(join(tmpdir(), 'moltbot-certificates-'))
afterAll(() => rmSync(stateDir, { recursive: true, force: true }))
const look = (tls: Record<string, unknown>): ReturnType<typeof certificateFacts> => certificateFacts({ stateDir, home: stateDir, effective: { gateway: { tls } } })

it('tells the ends of what the gateway shows, and nothing of what is not there or no certificate', async () => {
  const now = Date.UTC(2026, 10, 22)
  const making = { now, random: randomBytes }
  const authority = makeAuthority('Test', making)
  mkdirSync(join(stateDir, 'tls'))
  expect(await look({ enabled: true })).toEqual([])
  writeFileSync(join(stateDir, 'tls', 'authority.pem'), authority.certificate)
  writeFileSync(join(stateDir, 'tls', 'server.pem'), makeServerCertificate(authority, ['localhost'], making).certificate)
  writeFileSync(join(stateDir, 'own.pem'), makeServerCertificate(authority, ['localhost'], making).certificate)
  const day = 86_400_000
  expect(await look({ enabled: true, certPath: '' })).toEqual([
    { role: 'server', path: join(stateDir, 'tls', 'server.pem'), endsAt: now + 14 * day, renews: true },
    { role: 'authority', path: join(stateDir, 'tls', 'authority.pem'), endsAt: now + 3_650 * day, renews: true },
  ])
  for (const certPath of ['own.pem', '~/own.pem', join(stateDir, 'own.pem')]) expect(await look({ enabled: true, certPath })).toEqual([{ role: 'own', path: join(stateDir, 'own.pem'), endsAt: now + 14 * day, renews: false }])
  writeFileSync(join(stateDir, 'own.pem'), 'no certificate')
  expect(await look({ enabled: true, certPath: 'own.pem' })).toEqual([])
  expect(await look({ enabled: false })).toEqual([])
})
