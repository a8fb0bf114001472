import { X509Certificate, createPrivateKey } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '@moltbot/contract'
import { canonicalName, dayMs, earlierMs, makeAuthority, makeServerCertificate, namesOf, serverDays, type CertificatePair, type Making } from './certificates.ts'

/** What the door shows to clients. `certificate` is the whole chain, PEM. */
export interface ServerCertificate extends CertificatePair { facts: CertificateFacts }

/** What may be told about it. Fingerprints are SHA-256, upper case with colons. */
export interface CertificateFacts {
  /** `own`: from the configured files. `generated`: signed by the authority of this gateway. */
  source: 'own' | 'generated'
  /** What clients pin: the authority's, which outlives its certificates, or the own certificate's. */
  fingerprint: string
  /** The certificate's own. */
  leafFingerprint: string
  /** PEM file of the authority, for those who want to trust it. Null with an own certificate. */
  authorityFile: string | null
  names: string[]
  /** Epoch ms. */
  expiresAt: number
  /** The authority that takes this one's place, and when (epoch ms): clients may be given its fingerprint before. Null: none is prepared. */
  next: { fingerprint: string; from: number } | null
}

/** Private keys at rest. Without one, they lie in files of mode 600 beside the certificates. */
export interface SealedKeys {
  read(name: string): string | undefined
  write(name: string, value: string): Promise<void>
  remove(name: string): Promise<unknown>
}

export interface CertificateParts extends Making {
  /** `gateway.tls.certPath` and `keyPath`; both empty: generate. */
  certPath: string
  keyPath: string
  autoGenerate: boolean
  /** Folder of what is generated; made with mode 700. */
  folder: string
  keys?: SealedKeys | undefined
  /** Under which names clients reach the door. */
  names: readonly string[]
}

/** A generated certificate is replaced in the middle of its life. */
const renewBeforeMs = (serverDays / 2) * dayMs
/** An authority gives way to the next this long before its end, and the next can be seen for as long before that. */
const authorityLeftMs = 30 * dayMs
const authorityNoticeMs = 30 * dayMs
const authorityName = 'Moltbot local authority'

/**
 * The certificate as it is now: reads the own one, or keeps a generated one fit (made at first use, renewed in the middle of its life
 * and when a name was added; its authority gives way to a prepared one when that one's time has come). Not to be called twice at once. Rejects with `door-no-certificate` when there is none that would work.
 */
export async function currentCertificate(parts: CertificateParts): Promise<ServerCertificate> {
  if (parts.certPath !== '' || parts.keyPath !== '') return ownCertificate(parts.certPath, parts.keyPath)
  if (!parts.autoGenerate) {
    throw new Problem('door-no-certificate', 'gateway.tls is on, but there is no certificate and gateway.tls.autoGenerate is off.', {
      next: 'Set gateway.tls.certPath and gateway.tls.keyPath to PEM files, or gateway.tls.autoGenerate to true.',
    })
  }
  return generatedCertificate(parts)
}

async function ownCertificate(certPath: string, keyPath: string): Promise<ServerCertificate> {
  const next = 'Set gateway.tls.certPath and gateway.tls.keyPath to PEM files that belong together, or leave both empty: a certificate is then generated.'
  try {
    const [certificate, key] = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')])
    const leaf = new X509Certificate(certificate)
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the key belongs to another certificate')
    return { certificate, key, facts: { source: 'own', fingerprint: leaf.fingerprint256, leafFingerprint: leaf.fingerprint256, authorityFile: null, names: namesOf(leaf), expiresAt: Date.parse(leaf.validTo), next: null } }
  } catch (cause) {
    throw new Problem('door-no-certificate', `gateway.tls is on, but its certificate or key cannot be used: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause, next })
  }
}

async function generatedCertificate(parts: CertificateParts): Promise<ServerCertificate> {
  await ownFolder(parts)
  const authority = await presentAuthority(parts)
  const next = await preparedAuthority(parts, authority)
  const before = await readPair(parts, 'server')
  const wanted = [...new Set(parts.names.map(canonicalName))]
  const server = before !== undefined && usable(before, parts.now, renewBeforeMs) && endsSoon(before, parts.now) && signedBy(before, authority) && covers(before, wanted)
    ? before
    : await keepPair(parts, 'server', makeServerCertificate(authority, wanted, parts))
  const leaf = new X509Certificate(server.certificate)
  return {
    certificate: `${server.certificate}${authority.certificate}`, key: server.key,
    facts: {
      source: 'generated', fingerprint: new X509Certificate(authority.certificate).fingerprint256, leafFingerprint: leaf.fingerprint256,
      authorityFile: join(parts.folder, 'authority.pem'), names: namesOf(leaf), expiresAt: Date.parse(leaf.validTo),
      next: next === undefined ? null : { fingerprint: new X509Certificate(next.certificate).fingerprint256, from: beginsAt(next) },
    },
  }
}

/**
 * A new authority that takes over at `from` (epoch ms; now or before: at the next look), in place of one that was prepared before.
 * Rejects with `door-no-rotation` where the certificate is somebody else's to renew. Not to be called beside `currentCertificate`.
 */
export async function prepareAuthority(parts: CertificateParts, from: number): Promise<void> {
  if (parts.certPath !== '' || parts.keyPath !== '' || !parts.autoGenerate) {
    throw new Problem('door-no-rotation', 'The certificate is your own: this gateway has no authority that could be replaced.', { next: 'Put a new certificate and key in the place of gateway.tls.certPath and gateway.tls.keyPath; it is served within ten seconds.' })
  }
  await ownFolder(parts)
  await keepPair(parts, 'next-authority', makeAuthority(authorityName, { ...parts, now: Math.max(from, parts.now) }))
}

/** The authority that signs now; a prepared one whose time has come takes its place. */
async function presentAuthority(parts: CertificateParts): Promise<CertificatePair> {
  const next = await readPair(parts, 'next-authority')
  // Stopped halfway, the next look does it again: the prepared one goes last.
  if (next !== undefined && beginsAt(next) <= parts.now) {
    await keepPair(parts, 'authority', next)
    await dropPair(parts, 'next-authority')
    return next
  }
  const found = await readPair(parts, 'authority')
  return found !== undefined && usable(found, parts.now, authorityLeftMs) ? found : keepPair(parts, 'authority', makeAuthority(authorityName, parts))
}

/** The authority that is going to sign. One whose end is near has its successor prepared here. */
async function preparedAuthority(parts: CertificateParts, authority: CertificatePair): Promise<CertificatePair | undefined> {
  const found = await readPair(parts, 'next-authority')
  const takesOver = Date.parse(new X509Certificate(authority.certificate).validTo) - authorityLeftMs
  if (found !== undefined || takesOver - authorityNoticeMs > parts.now) return found
  await prepareAuthority(parts, takesOver)
  return readPair(parts, 'next-authority')
}

/** When an authority takes over: it is valid from a little before, for clocks that are behind. */
function beginsAt(pair: CertificatePair): number {
  return Date.parse(new X509Certificate(pair.certificate).validFrom) + earlierMs
}

async function ownFolder(parts: CertificateParts): Promise<void> {
  await mkdir(parts.folder, { recursive: true, mode: 0o700 })
  await chmod(parts.folder, 0o700)
}

const sealedName = (name: string): string => `gateway.tls/${name}-key`

/** Undefined: there is none, or one half is missing or damaged; a new one is made then. */
async function readPair(parts: CertificateParts, name: string): Promise<CertificatePair | undefined> {
  try {
    const certificate = await readFile(join(parts.folder, `${name}.pem`), 'utf8')
    const key = parts.keys === undefined ? await readFile(join(parts.folder, `${name}.key`), 'utf8') : parts.keys.read(sealedName(name))
    if (key === undefined || !new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return undefined
    return { certificate, key }
  } catch (error) {
    // A vault that cannot be read must stop the start: a new authority would break every client's pin.
    if (error instanceof Problem) throw error
    return undefined
  }
}

async function keepPair(parts: CertificateParts, name: string, pair: CertificatePair): Promise<CertificatePair> {
  if (parts.keys === undefined) await writePrivately(join(parts.folder, `${name}.key`), pair.key)
  else await parts.keys.write(sealedName(name), pair.key)
  await writePrivately(join(parts.folder, `${name}.pem`), pair.certificate)
  return pair
}

/** The certificate goes first: without it, the key is nobody's. */
async function dropPair(parts: CertificateParts, name: string): Promise<void> {
  await rm(join(parts.folder, `${name}.pem`), { force: true })
  if (parts.keys === undefined) await rm(join(parts.folder, `${name}.key`), { force: true })
  else await parts.keys.remove(sealedName(name))
}

async function writePrivately(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

function usable(pair: CertificatePair, now: number, leftMs: number): boolean {
  const certificate = new X509Certificate(pair.certificate)
  return Date.parse(certificate.validFrom) <= now && Date.parse(certificate.validTo) - leftMs > now
}

/** One that an earlier version made for a year is not kept for it. */
function endsSoon(pair: CertificatePair, now: number): boolean {
  return Date.parse(new X509Certificate(pair.certificate).validTo) - now <= serverDays * dayMs
}

function signedBy(pair: CertificatePair, authority: CertificatePair): boolean {
  const issuer = new X509Certificate(authority.certificate)
  const certificate = new X509Certificate(pair.certificate)
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function covers(pair: CertificatePair, names: readonly string[]): boolean {
  const known = new Set(namesOf(new X509Certificate(pair.certificate)))
  return names.every((name) => known.has(name))
}
