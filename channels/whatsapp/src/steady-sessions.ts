import { AsyncLocalStorage } from 'node:async_hooks'
import type { SignalAuthState, SocketConfig } from 'baileys'
import type { Library } from './library.ts'

type MakeRepository = SocketConfig['makeSignalRepository']

/** One for all accounts: each that is used makes every promise of the process a little slower. */
const sending = new AsyncLocalStorage<true>()

/** Keeps the conversation of keys with a device for as long as the device is the same one. */
export interface SteadySessions {
  /** The library's own keeper of keys, but steady. */
  makeRepository: MakeRepository
  /** Runs one send of ours. Within it no conversation that stands is begun anew. */
  during<T>(send: () => Promise<T>): Promise<T>
}

/**
 * Whenever the library asks for somebody's devices (on every new line, and every five minutes), it begins a new conversation of keys with each
 * of them, and the old ones stay behind: each takes one of that person's one-time keys, and whatever does not fit is tried with all of them. Here
 * one that is open stays, as long as the device has the same identity. What a device asks for that could not read us, goes through.
 */
export function createSteadySessions(library: Library): SteadySessions {
  return {
    makeRepository(auth, logger, numberToHiddenId) {
      const repository = library.DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, numberToHiddenId)
      const begin = repository.injectE2ESession.bind(repository)
      repository.injectE2ESession = async (wanted) => {
        const { registrationId, identityKey } = wanted.session
        const stands = sending.getStore() === true && (await isOpen(auth, repository.jidToSignalProtocolAddress(wanted.jid), registrationId, identityKey))
        if (!stands) await begin(wanted)
      }
      return repository
    },
    during: (send) => sending.run(true, send),
  }
}

interface KeptSession { registrationId?: unknown; indexInfo?: { closed?: unknown; remoteIdentityKey?: unknown } }

/** Whether a conversation with this very device is open, as the keys say that are kept. */
async function isOpen({ keys }: SignalAuthState, address: string, registrationId: number, identityKey: Uint8Array): Promise<boolean> {
  const record = (await keys.get('session', [address]))[address] as unknown as { _sessions?: Record<string, KeptSession> } | undefined
  const identity = Buffer.from(identityKey).toString('base64')
  return Object.values(record?._sessions ?? {}).some((session) => session.indexInfo?.closed === -1 && session.indexInfo.remoteIdentityKey === identity && session.registrationId === registrationId)
}
