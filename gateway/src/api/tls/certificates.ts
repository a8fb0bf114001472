import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { bits, identifier, integer, octets, sequence, set, tagged, taggedBytes, text, time, yes } from './der.ts'

/** A certificate and its private key, both PEM. */
export interface CertificatePair { certificate: string; key: string }

export interface Making {
  /** Epoch ms. */
  now: number
  /** Unguessable bytes, for serial numbers. */
  random: (bytes: number) => Buffer
}

export const dayMs = 86_400_000
/**
 * A server's certificate ends by itself this soon: nobody asks whether ours was revoked, so one that was stolen must not last. Browsers
 * forget an exception for a certificate they do not trust after a week, which is when ours is renewed.
 */
export const serverDays = 14
const authorityDays = 3650
/** Clocks of other machines may be behind. */
export const earlierMs = 3_600_000

const ecdsaWithSha256 = sequence(identifier('1.2.840.10045.4.3.2'))

/** A new authority that signs nothing but servers: a P-256 key, valid for ten years. */
export function makeAuthority(name: string, making: Making): CertificatePair {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return issue({
    subject: name, issuer: name, publicKey: keys.publicKey, signer: keys.privateKey, days: authorityDays, making,
    extensions: [
      extension('2.5.29.19', sequence(yes(), integer(Buffer.from([0]))), true), // basicConstraints: an authority, and nobody below it is one
      extension('2.5.29.15', bits(Buffer.from([0b0000_0110]), 1), true), // keyUsage: keyCertSign, cRLSign
      extension('2.5.29.14', octets(keyId(keys.publicKey))),
    ],
    privateKey: keys.privateKey,
  })
}

/** A new certificate for a server under these names (DNS names and addresses), signed by the authority, valid for `serverDays`. */
export function makeServerCertificate(authority: CertificatePair, names: readonly string[], making: Making): CertificatePair {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = new X509Certificate(authority.certificate)
  return issue({
    subject: names[0] ?? 'localhost', issuer: commonNameOf(issuer), publicKey: keys.publicKey, signer: createPrivateKey(authority.key), days: serverDays, making,
    extensions: [
      extension('2.5.29.19', sequence(), true), // basicConstraints: no authority
      extension('2.5.29.15', bits(Buffer.from([0b1000_0000]), 7), true), // keyUsage: digitalSignature
      extension('2.5.29.37', sequence(identifier('1.3.6.1.5.5.7.3.1'))), // extKeyUsage: serverAuth
      extension('2.5.29.17', sequence(...names.map(generalName))),
      extension('2.5.29.14', octets(keyId(keys.publicKey))),
      extension('2.5.29.35', sequence(taggedBytes(0, keyId(issuer.publicKey)))),
    ],
    privateKey: keys.privateKey,
  })
}

/** The names in a certificate, lower case, addresses in their canonical form. */
export function namesOf(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? '').split(', ').flatMap((entry) => {
    const value = /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1]
    return value === undefined ? [] : [canonicalName(value)]
  })
}

/** One spelling per name: lower case, addresses as `URL` writes them. */
export function canonicalName(name: string): string {
  if (isIP(name) === 6) return new URL(`http://[${name.replace(/%.*$/s, '')}]`).hostname.slice(1, -1)
  return name.toLowerCase()
}

interface Issue {
  subject: string
  issuer: string
  publicKey: KeyObject
  signer: KeyObject
  privateKey: KeyObject
  days: number
  making: Making
  extensions: readonly Buffer[]
}

function issue({ subject, issuer, publicKey, signer, privateKey, days, making, extensions }: Issue): CertificatePair {
  const toBeSigned = sequence(
    tagged(0, integer(Buffer.from([2]))), // version 3
    integer(making.random(16)),
    ecdsaWithSha256,
    nameNamed(issuer),
    sequence(time(making.now - earlierMs), time(making.now + days * dayMs)),
    nameNamed(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions)),
  )
  const der = sequence(toBeSigned, ecdsaWithSha256, bits(sign('sha256', toBeSigned, signer)))
  return { certificate: new X509Certificate(der).toString(), key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) }
}

function nameNamed(commonName: string): Buffer {
  return sequence(set(sequence(identifier('2.5.4.3'), text(commonName.slice(0, 64)))))
}

function commonNameOf(certificate: X509Certificate): string {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? ''
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(identifier(id), ...(critical ? [yes()] : []), octets(value))
}

function generalName(name: string): Buffer {
  const family = isIP(name)
  if (family === 0) return taggedBytes(2, Buffer.from(name, 'latin1'))
  return taggedBytes(7, family === 4 ? Buffer.from(name.split('.').map(Number)) : addressBytes(name))
}

function addressBytes(address: string): Buffer {
  const [before = '', after] = canonicalName(address).split('::')
  const left = before === '' ? [] : before.split(':')
  const right = after === undefined || after === '' ? [] : after.split(':')
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** Names a key: the digest of its bits (RFC 5280, 4.2.1.2, with SHA-256 cut to the same length). */
function keyId(key: KeyObject): Buffer {
  const der = createPublicKey({ key: key.export({ type: 'spki', format: 'der' }), type: 'spki', format: 'der' }).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der.subarray(-65)).digest().subarray(0, 20)
}
