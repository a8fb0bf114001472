import { Problem, type SealedValues } from '@moltbot/contract'
import type { Update } from 'grammy/types'

/** Where the held updates stand among the account's sealed values. */
const heldName = 'held-updates'
/** So many updates, and so many characters of them, are held at once at most; a sealed value takes 1 MiB. */
const heldMax = 200
const heldLengthMax = 900_000

/**
 * Keeps updates between their acknowledgement and their hand-over: Telegram brings the next piece of a text or album only once this one was
 * acknowledged, and what was acknowledged must survive a stop of the gateway. Sealed: nobody looked yet for secrets in them.
 */
export interface HoldingPlace {
  /** What an earlier connection held and did not hand over, in order. Call first. Rejects when it cannot be read; then nothing can be kept either. */
  recall(): Promise<Update[]>
  /** Whether this very update is held already. */
  has(id: number): boolean
  /** Resolves once it is durable. Rejects when it cannot be kept, or too much is. */
  keep(update: Update): Promise<void>
  /** They were handed over, or will come again. Should this be forgotten, the next start hands them over once more and they are known. */
  release(ids: readonly number[]): void
  /** Resolves when nothing is being written any more. */
  idle(): Promise<void>
}

export function createHoldingPlace(sealed: SealedValues, onTrouble: (error: unknown) => void): HoldingPlace {
  const held = new Map<number, Update>()
  let isRead = false
  let writing: Promise<void> = Promise.resolve()

  /** Writes what is held then; one write after the other. */
  function write(): Promise<void> {
    const mine = writing.then(() => sealed.set(new Map([[heldName, held.size === 0 ? undefined : JSON.stringify([...held.values()])]])))
    writing = mine.catch(() => undefined)
    return mine
  }

  return {
    async recall() {
      const text = (await sealed.get([heldName])).get(heldName)
      for (const update of text === undefined ? [] : (JSON.parse(text) as Update[])) held.set(update.update_id, update)
      isRead = true
      return [...held.values()]
    },
    has: (id) => held.has(id),
    async keep(update) {
      const length = [...held.values(), update].reduce((sum, each) => sum + JSON.stringify(each).length + 1, 0)
      if (!isRead || held.size >= heldMax || length > heldLengthMax) throw new Problem('telegram-held-full', 'Nothing more can be held.')
      held.set(update.update_id, update)
      try {
        await write()
      } catch (error) {
        held.delete(update.update_id)
        throw error
      }
    },
    release(ids) {
      const gone = ids.filter((id) => held.delete(id))
      if (gone.length > 0) write().catch(onTrouble)
    },
    idle: async () => writing,
  }
}
