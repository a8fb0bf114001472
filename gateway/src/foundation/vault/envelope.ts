import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** What is sealed once. The nonce is random and never used again: at a million writes under one key, two being equal has odds of 1 to 10^17. */
export interface Sealed { nonce: string; sealed: string }

/** Seals bytes with AES-256-GCM, bound to `facts`: with any other facts they no longer open. */
export function sealBytes(key: KeyObject, facts: readonly (string | number)[], bytes: Uint8Array): Sealed {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound(facts))
  return { nonce: nonce.toString('base64'), sealed: Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]).toString('base64') }
}

/** Throws for anything that is not exactly what was sealed under these facts. */
export function openBytes(key: KeyObject, facts: readonly (string | number)[], { nonce, sealed }: Sealed): Buffer {
  const bytes = Buffer.from(sealed, 'base64')
  const iv = Buffer.from(nonce, 'base64')
  if (iv.length !== 12 || bytes.length < 17) throw new Error('an envelope of the wrong size')
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
  decipher.setAAD(bound(facts)).setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()])
}

/** Tells two states of a secret apart, so that the list of all of them can be sealed as well. */
export function digestOf(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
}

function bound(facts: readonly (string | number)[]): Buffer {
  return Buffer.from(JSON.stringify(['moltbot-vault', 2, ...facts]))
}
