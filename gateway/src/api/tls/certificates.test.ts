import { execFileSync } from 'node:child_process'
import { X509Certificate, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeAuthority, makeServerCertificate, namesOf } from './certificates.ts'
import { identifier, integer, octets, time } from './der.ts'
import { currentCertificate, prepareAuthority, type CertificateParts, type SealedKeys, type ServerCertificate } from './server-certificate.ts'

const now = Date.UTC(2026, 10, 22)
const making = { now, random: randomBytes }

describe('DER', () => {
  it('writes lengths, integers, identifiers and times as X.690 and RFC 5280 want them', () => {
    expect(octets(Buffer.alloc(127)).subarray(0, 2).toString('hex')).toBe('047f')
    expect(octets(Buffer.alloc(128)).subarray(0, 3).toString('hex')).toBe('048180')
    expect(octets(Buffer.alloc(65_536)).subarray(0, 5).toString('hex')).toBe('0483010000')
    expect(integer(Buffer.from([0, 0, 0x80])).toString('hex')).toBe('02020080')
    expect(integer(Buffer.from([0])).toString('hex')).toBe('020100')
    expect(identifier('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302')
    expect(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1').slice(2)).toBe('491231235959Z')
    expect(time(Date.UTC(2050, 0, 1)).toString('latin1').slice(2)).toBe('20500101000000Z')
  })
})

describe('a generated certificate', () => {
  const authority = makeAuthority('Test authority', making)
  const names = ['localhost', '127.0.0.1', '::1', 'fe80::1:2', 'box.tailnet.ts.net', '2001:db8::ff00:42:8329']
  const server = makeServerCertificate(authority, names, making)

  it('is what Node reads, signed by its authority, for the names given and two weeks', () => {
    const issuer = new X509Certificate(authority.certificate)
    const leaf = new X509Certificate(server.certificate)
    expect([issuer.ca, leaf.ca]).toEqual([true, false])
    expect(issuer.verify(issuer.publicKey)).toBe(true)
    expect(leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey)).toBe(true)
    expect(namesOf(leaf)).toEqual(names)
    expect(leaf.checkHost('box.tailnet.ts.net')).toBe('box.tailnet.ts.net')
    expect(leaf.checkHost('evil.example')).toBeUndefined()
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(Math.round((Date.parse(leaf.validTo) - now) / 86_400_000)).toBe(14)
    expect(leaf.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
  })

  it('satisfies openssl\'s strict reading as a server, and only as that', () => {
    const folder = mkdtempSync(join(tmpdir(), 'moltbot-tls-'))
    writeFileSync(join(folder, 'ca.pem'), authority.certificate)
    writeFileSync(join(folder, 'leaf.pem'), server.certificate)
    const verify = (purpose: string): string =>
      execFileSync('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-attime', String(now / 1000), '-CAfile', join(folder, 'ca.pem'), join(folder, 'leaf.pem')], { encoding: 'utf8', stdio: 'pipe' })
    expect(verify('sslserver')).toContain('OK')
    expect(() => verify('sslclient')).toThrow()
  })
})

describe('the certificate of the door', () => {
  const partsIn = (folder: string, over: Partial<CertificateParts> = {}): CertificateParts => ({ ...making, certPath: '', keyPath: '', autoGenerate: true, folder: join(folder, 'tls'), names: ['localhost', '127.0.0.1'], ...over })
  const fresh = (): string => mkdtempSync(join(tmpdir(), 'moltbot-tls-'))

  it('is made once and kept, in a private folder', async () => {
    const folder = fresh()
    const first = await currentCertificate(partsIn(folder))
    const second = await currentCertificate(partsIn(folder))
    expect(second).toEqual(first)
    expect(statSync(join(folder, 'tls')).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'tls', 'server.key')).mode & 0o777).toBe(0o600)
    expect(new X509Certificate(readFileSync(first.facts.authorityFile ?? '', 'utf8')).fingerprint256).toBe(first.facts.fingerprint)
  })

  const day = 86_400_000
  const at = (folder: string, days: number): Promise<ServerCertificate> => currentCertificate(partsIn(folder, { now: now + days * day }))

  it('is renewed in the middle of its life and for a new name, under the same authority', async () => {
    const folder = fresh()
    const first = await currentCertificate(partsIn(folder))
    expect((await at(folder, 6)).facts).toEqual(first.facts)
    const renewed = await at(folder, 8)
    expect(renewed.facts.leafFingerprint).not.toBe(first.facts.leafFingerprint)
    expect(renewed.facts.fingerprint).toBe(first.facts.fingerprint)
    const named = await currentCertificate(partsIn(folder, { names: ['localhost', '127.0.0.1', 'box.lan'] }))
    expect(named.facts.names).toContain('box.lan')
  })

  it('is made anew where an earlier version made it for a year', async () => {
    const folder = fresh()
    const today = { now: Date.now() }
    const tls = (name: string): string => join(folder, 'tls', name)
    const first = await currentCertificate(partsIn(folder, today))
    writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1')
    const openssl = (...words: string[]): string => execFileSync('openssl', words, { encoding: 'utf8', stdio: 'pipe' })
    openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', tls('server.key'), '-subj', '/CN=localhost', '-out', join(folder, 'request'))
    openssl('x509', '-req', '-in', join(folder, 'request'), '-CA', tls('authority.pem'), '-CAkey', tls('authority.key'), '-days', '365', '-extfile', join(folder, 'names'), '-out', tls('server.pem'))
    const { fingerprint256 } = new X509Certificate(readFileSync(tls('server.pem')))
    const later = await currentCertificate(partsIn(folder, { now: Date.now() + 2_000 }))
    expect([later.facts.fingerprint, later.facts.leafFingerprint === fingerprint256]).toEqual([first.facts.fingerprint, false])
    expect(later.facts.expiresAt).toBeLessThan(Date.now() + 15 * day)
  })

  it('gets its prepared authority on the day, and shows its fingerprint before', async () => {
    const folder = fresh()
    const sealed = new Map<string, string>()
    const keys: SealedKeys = { read: (name) => sealed.get(name), write: async (name, value) => void sealed.set(name, value), remove: async (name) => sealed.delete(name) }
    const on = (days: number): Promise<ServerCertificate> => currentCertificate(partsIn(folder, { keys, now: now + days * day }))
    const first = await on(0)
    expect(first.facts.next).toBeNull()
    await prepareAuthority(partsIn(folder, { keys }), now + 10 * day)
    const before = await on(9)
    expect(before.facts).toMatchObject({ fingerprint: first.facts.fingerprint, next: { from: now + 10 * day } })
    const after = await on(10)
    expect(after.facts).toMatchObject({ fingerprint: before.facts.next?.fingerprint, next: null })
    expect(new X509Certificate(after.certificate).verify(new X509Certificate(readFileSync(after.facts.authorityFile ?? '')).publicKey)).toBe(true)
    // The key of an authority that signs is kept once.
    expect([...sealed.keys()]).toEqual(['gateway.tls/authority-key', 'gateway.tls/server-key'])
    expect((await on(11)).facts).toEqual(after.facts)
  })

  it('gets a prepared authority as a whole also when the gateway was stopped halfway', async () => {
    const folder = fresh()
    await at(folder, 0)
    await prepareAuthority(partsIn(folder), now + 10 * day)
    const { facts: { next } } = await at(folder, 0)
    // The key was written, the certificate not yet.
    writeFileSync(join(folder, 'tls', 'authority.key'), readFileSync(join(folder, 'tls', 'next-authority.key')))
    expect((await at(folder, 10)).facts).toMatchObject({ fingerprint: next?.fingerprint, next: null })
  })

  it('gets another authority at once where that is asked for, and the one that was prepared is forgotten', async () => {
    const folder = fresh()
    const first = await at(folder, 0)
    await prepareAuthority(partsIn(folder), now + 10 * day)
    const prepared = (await at(folder, 0)).facts.next?.fingerprint
    await prepareAuthority(partsIn(folder), now)
    const { facts } = await at(folder, 0)
    expect([first.facts.fingerprint, prepared]).not.toContain(facts.fingerprint)
    expect(facts.next).toBeNull()
    expect(statSync(join(folder, 'tls', 'authority.key')).mode & 0o777).toBe(0o600)
  })

  it('has the successor of an authority that ends shown a month before it takes over', async () => {
    const folder = fresh()
    const first = await at(folder, 0)
    const near = await at(folder, 3_650 - 59)
    expect(near.facts.fingerprint).toBe(first.facts.fingerprint)
    expect(near.facts.next?.from).toBe(Math.floor((now + (3_650 - 30) * day) / 1_000) * 1_000)
    expect((await at(folder, 3_650 - 31)).facts.next).toEqual(near.facts.next)
    expect((await at(folder, 3_650 - 30)).facts).toMatchObject({ fingerprint: near.facts.next?.fingerprint, next: null })
  })

  it('that is one\'s own has no authority to replace', async () => {
    await expect(prepareAuthority(partsIn(fresh(), { certPath: '/cert.pem', keyPath: '/key.pem' }), now)).rejects.toMatchObject({ code: 'door-no-rotation' })
    await expect(prepareAuthority(partsIn(fresh(), { autoGenerate: false }), now)).rejects.toMatchObject({ code: 'door-no-rotation' })
  })

  it('keeps its keys sealed where it can, and makes no new authority when the seal does not open', async () => {
    const folder = fresh()
    const sealed = new Map<string, string>()
    const keys: SealedKeys = { read: (name) => sealed.get(name), write: async (name, value) => void sealed.set(name, value), remove: async (name) => sealed.delete(name) }
    const first = await currentCertificate(partsIn(folder, { keys }))
    expect([...sealed.keys()]).toEqual(['gateway.tls/authority-key', 'gateway.tls/server-key'])
    expect(() => readFileSync(join(folder, 'tls', 'server.key'))).toThrow('ENOENT')
    expect((await currentCertificate(partsIn(folder, { keys }))).facts).toEqual(first.facts)
    const { Problem } = await import('@moltbot/contract')
    const locked: SealedKeys = { ...keys, read: () => { throw new Problem('vault-locked', 'The vault is locked.') } }
    await expect(currentCertificate(partsIn(folder, { keys: locked }))).rejects.toMatchObject({ code: 'vault-locked' })
  })

  it('is the own one where configured, and refused in words when its halves do not fit', async () => {
    const folder = fresh()
    const made = await currentCertificate(partsIn(folder))
    const other = makeServerCertificate(makeAuthority('Other', making), ['localhost'], making)
    writeFileSync(join(folder, 'cert.pem'), other.certificate)
    writeFileSync(join(folder, 'key.pem'), other.key)
    const own = partsIn(folder, { certPath: join(folder, 'cert.pem'), keyPath: join(folder, 'key.pem') })
    expect((await currentCertificate(own)).facts).toMatchObject({ source: 'own', names: ['localhost'], authorityFile: null })
    writeFileSync(join(folder, 'key.pem'), made.key)
    await expect(currentCertificate(own)).rejects.toMatchObject({ code: 'door-no-certificate', message: expect.stringContaining('belongs to another') })
    await expect(currentCertificate(partsIn(folder, { autoGenerate: false }))).rejects.toMatchObject({ code: 'door-no-certificate' })
  })
})
