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
      return key.asymmetricKeyType === 'ed25519' ? key.export({ type: 'spki', format: 'der' }).subarray(-32) : undefined
    } catch {
      return undefined // Not a key at all: the caller says so in its own words.
    }
  }
  const raw = Buffer.from(publicKey, 'base64url')
  return raw.length === 32 ? raw : undefined
}

/** The device id that belongs to a public key: lower-case hex SHA-256 of its raw bytes. Undefined: no Ed25519 key. */
export function deviceIdOf(publicKey: string): string | undefined {
  const raw = rawKey(publicKey)
  return raw === undefined ? undefined : createHash('sha256').update(raw).digest('hex')
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
