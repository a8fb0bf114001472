import type { Logger } from '@moltbot/contract'
import type { FeedItem, TurnFeed } from './types.ts'

/** What happens in sessions, told to whoever watches. A listener that throws is dropped and logged; nobody waits for it. */
export type Feed = TurnFeed & { publish(item: FeedItem): void }

export function createFeed(log: Logger): Feed {
  const listeners = new Set<(item: FeedItem) => void>()
  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    publish(item) {
      for (const listener of listeners) {
        try {
          listener(item)
        } catch (error) {
          listeners.delete(listener)
          log.error('A feed listener failed and was dropped.', { error: String(error) })
        }
      }
    },
  }
}
