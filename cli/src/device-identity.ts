import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asFields, asText } from './wire-fields.ts'
import { writeFileAtomically } from './write-file-atomically.ts'

/** This computer's key pair towards gateways that ask for a device instead of the shared token. */
export interface DeviceIdentity {
  deviceId: string
  /** base64url of the raw 32 bytes. */
  publicKey: string
  /** base64url of the Ed25519 signature over the UTF-8 text. */
  sign(text: string): string
  /** The token an earlier approval left here, for the operator role. */
  token: string | undefined
  saveToken(token: string, scopes: readonly string[], now: number): Promise<void>
}

/** Reads `identity/device.json` of the state directory, or makes it (mode 600). The files have the form other clients of this family write. */
export async function loadDeviceIdentity(stateDir: string, now: number): Promise<DeviceIdentity> {
  const folder = join(stateDir, 'identity')
  const file = join(folder, 'device.json')
  let stored = asFields(await readJson(file))
  if (asText(stored['privateKeyPem']) === undefined) {
    const pair = generateKeyPairSync('ed25519')
    const publicKeyPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    stored = { version: 1, deviceId: deviceIdOf(rawKey(publicKeyPem)), publicKeyPem, privateKeyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), createdAtMs: now }
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFileAtomically(file, `${JSON.stringify(stored, null, 2)}\n`)
  }
  const privateKey = createPrivateKey(asText(stored['privateKeyPem']) ?? '')
  const raw = rawKey(createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString())
  const deviceId = deviceIdOf(raw)
  const tokenFile = join(folder, 'device-auth.json')
  const tokens = asFields(await readJson(tokenFile))
  return {
    deviceId,
    publicKey: raw.toString('base64url'),
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
    token: tokens['deviceId'] === deviceId ? asText(asFields(asFields(tokens['tokens'])['operator'])['token']) : undefined,
    async saveToken(token, scopes, at) {
      await writeFileAtomically(tokenFile, `${JSON.stringify({ version: 1, deviceId, tokens: { operator: { token, role: 'operator', scopes, updatedAtMs: at } } }, null, 2)}\n`)
    },
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function rawKey(publicKeyPem: string): Buffer {
  return createPublicKey(publicKeyPem).export({ type: 'spki', format: 'der' }).subarray(-32)
}

function deviceIdOf(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('hex')
}
