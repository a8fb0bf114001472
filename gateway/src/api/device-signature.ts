import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto'

/** What a client signed, taken from its `connect` request as sent. */
export interface SignedConnect {
  device: { id: string; publicKey: string; signature: string; signedAt: number; nonce?: string | undefined }
  clientId: string
  clientMode: string
  platform: string
  deviceFamily: string | undefined
  role: string
  /** The requested list exactly as sent; [] when absent. */
  scopes: readonly string[]
  /** `auth.token`, else `auth.deviceToken`, else `auth.bootstrapToken`, else ''. */
  token: string
}

/** How far the device's clock may be off. */
const signedWithinMs = 10 * 60_000
/** The DER frame of a raw Ed25519 public key (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

export type DeviceFault = 'device identity mismatch' | 'device signature expired' | 'device nonce required' | 'device nonce mismatch' | 'device signature invalid' | 'device public key invalid'

function rawKey(publicKey: string): Buffer | undefined {
  if (publicKey.includes('BEGIN')) {
    try {
      const key = createPublicKey(publicKey)
      const raw = key.asymmetricKeyType === 'ed25519' ? key.export({ type: 'spki', format: 'der' }).subarray(-32) : undefined
      return raw !== undefined && provesSomething(raw) ? raw : undefined
    } catch {
      return undefined // Not a key at all: the caller says so in its own words.
    }
  }
  const raw = Buffer.from(publicKey, 'base64url')
  return raw.length === 32 && provesSomething(raw) ? raw : undefined
}

/** The y of every point whose order divides 8, little-endian without the sign bit: with such a key, anybody's signature fits. */
const lowOrder = new Set([
  '00'.repeat(32), `01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** A point of the large group, in its one canonical encoding (y below 2^255 - 19). */
function provesSomething(raw: Buffer): boolean {
  const y = Buffer.from(raw)
  y[31] = (y[31] ?? 0) & 0x7f
  const beyond = y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff) && (y[0] ?? 0) >= 0xed
  return !beyond && !lowOrder.has(y.toString('hex'))
}

/** The texts a client may have signed, newest form first. */
function signedTexts(given: SignedConnect): string[] {
  const { device } = given
  const base = [device.id, given.clientId, given.clientMode, given.role, given.scopes.join(','), String(device.signedAt), given.token]
  if (device.nonce === undefined) return [['v1', ...base].join('|')]
  const lower = (text: string | undefined): string => (text ?? '').trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return [['v3', ...base, device.nonce, lower(given.platform), lower(given.deviceFamily)].join('|'), ['v2', ...base, device.nonce].join('|')]
}

/** Checks a device's proof. Undefined: it holds the key it names. `nonceRequired` is false only for local clients of protocol 3. */
export function checkDevice(given: SignedConnect, facts: { nonce: string; now: number; nonceRequired: boolean }): DeviceFault | undefined {
  const { device } = given
  const raw = rawKey(device.publicKey)
  if (raw === undefined) return 'device public key invalid'
  if (createHash('sha256').update(raw).digest('hex') !== device.id) return 'device identity mismatch'
  if (Math.abs(facts.now - device.signedAt) > signedWithinMs) return 'device signature expired'
  if (device.nonce === undefined && facts.nonceRequired) return 'device nonce required'
  if (device.nonce !== undefined && device.nonce !== facts.nonce) return 'device nonce mismatch'
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' })
  } catch {
    return 'device public key invalid'
  }
  const signature = Buffer.from(device.signature, 'base64url')
  if (signature.length !== 64) return 'device signature invalid'
  return signedTexts(given).some((text) => verify(null, Buffer.from(text, 'utf8'), key, signature)) ? undefined : 'device signature invalid'
}
