import { createSecretKey, randomBytes } from 'node:crypto'
import { openBytes, sealBytes, type Sealed } from './envelope.ts'
import type { VaultDoor } from './types.ts'

const keyBytes = 32

/** Seals values that are kept elsewhere, because they are many and change often, under a key of their own in the vault. */
export interface Sealing {
  /** The key as it is now. Rejects with the vault's `Problem` while that is locked. */
  open(): Promise<OpenSealing>
}

export interface OpenSealing {
  /** Bound to `facts`: with any other facts it does not open. */
  seal(facts: readonly string[], text: string): string
  /** Throws for anything that is not exactly what was sealed under these facts. */
  unseal(facts: readonly string[], sealed: string): string
}

/** `name`: where the key is in the vault; it is made at the first use. */
export function createSealing(vault: Pick<VaultDoor, 'get' | 'set'>, name: string): Sealing {
  let making: Promise<void> | undefined
  async function make(): Promise<void> {
    await vault.set(name, randomBytes(keyBytes).toString('base64'))
  }
  return {
    async open() {
      if (vault.get(name) === undefined) {
        await (making ??= make().finally(() => (making = undefined)))
      }
      const key = createSecretKey(Buffer.from(vault.get(name)?.open('values sealed outside the vault') ?? '', 'base64'))
      return {
        seal(facts, text) {
          const { nonce, sealed } = sealBytes(key, facts, Buffer.from(text, 'utf8'))
          return `${nonce}.${sealed}`
        },
        unseal(facts, sealed) {
          const [nonce = '', rest = ''] = sealed.split('.')
          const envelope: Sealed = { nonce, sealed: rest }
          return openBytes(key, facts, envelope).toString('utf8')
        },
      }
    },
  }
}
