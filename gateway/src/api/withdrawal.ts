import { AsyncLocalStorage } from 'node:async_hooks'
import { Problem, type Store } from '@moltbot/contract'

const calls = new AsyncLocalStorage<{ withdrawn: AbortSignal; running: boolean }>()

/** Runs a call that commits nothing more once `withdrawn` aborts. What the call left running after its answer is not meant. */
export async function runWithdrawable<T>(withdrawn: AbortSignal, call: () => Promise<T>): Promise<T> {
  const state = { withdrawn, running: true }
  try {
    return await calls.run(state, call)
  } finally {
    state.running = false
  }
}

/** A store whose transactions roll back when the call they belong to was withdrawn before they end. */
export function withdrawableStore(store: Store): Store {
  return {
    read: store.read,
    close: () => store.close(),
    transaction: (work) => {
      const call = calls.getStore()
      if (call === undefined || !call.running) return store.transaction(work)
      const stillIn = (): void => {
        if (call.running && call.withdrawn.aborted) throw new Problem('door-withdrawn', 'What let you in was taken away while this was running; nothing was changed.')
      }
      return store.transaction(async (tx) => {
        stillIn()
        const result = await work(tx)
        stillIn()
        return result
      })
    },
  }
}
