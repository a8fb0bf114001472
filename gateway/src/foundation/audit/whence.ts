import { AsyncLocalStorage } from 'node:async_hooks'
import type { Store } from '@moltbot/contract'
import type { AuditEntry } from './types.ts'

/** Where a piece of work came in, and what ties its entries together. */
export type Whence = Pick<AuditEntry, 'place' | 'correlation'>

const works = new AsyncLocalStorage<{ whence: Whence; over: boolean }>()

/**
 * Runs a piece of work whose entries bear `whence` where they say nothing of their own; work within work bears its own. What it
 * left running after it ended (a timer, a queue) bears nothing any more.
 */
export async function during<T>(whence: Whence, work: () => Promise<T>): Promise<T> {
  const outer = whenceNow()
  const state = { whence: { ...outer, ...whence }, over: false }
  try {
    return await works.run(state, work)
  } finally {
    state.over = true
  }
}

/** What the work that is being done now bears. */
export function whenceNow(): Whence {
  const state = works.getStore()
  return state === undefined || state.over ? {} : state.whence
}

/** A store whose transactions belong to the work that asked for them, whoever's turn it is to commit. */
export function bearingStore(store: Store): Store {
  return {
    read: store.read,
    close: () => store.close(),
    transaction(work) {
      const state = works.getStore()
      // Only this is carried over: a resource made for each would cost as much as the rest of the record's work.
      return store.transaction(state === undefined ? work : (tx) => works.run(state, work, tx))
    },
  }
}
