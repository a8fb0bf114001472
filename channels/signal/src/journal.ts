import type { ChannelHost } from '@moltbot/contract'

/** Under this name it is kept in the account's durable state. */
const stateKey = 'pending'
/** A value of the state takes 64 KiB: this much is used, and one more fits when the end comes. */
const charactersMax = 40_000
const entryCharactersMax = 20_000

/** What has arrived and is not in the inbox yet. Signal brings nothing twice, so this is all there is of it after a crash. */
export interface Journal<Entry> {
  /** What an earlier life left, oldest first. */
  left(): { key: string; entry: Entry }[]
  /** Resolves once it is durable; waits while there is no room. One that can never fit, or cannot be written, is only in memory. */
  add(entry: Entry): Promise<string>
  /** It is in the inbox, or means nothing. */
  done(key: string): void
  /** Nobody waits for room any more: what was read from the stream has to be noted now. */
  ending(): void
  close(): Promise<void>
}

export async function openJournal<Entry>(host: Pick<ChannelHost, 'state' | 'log'>): Promise<Journal<Entry>> {
  const before = parse<Entry>(await host.state.get(stateKey))
  const kept = new Map<string, { entry: Entry; size: number }>(before.map(({ key, entry }) => [key, { entry, size: JSON.stringify(entry).length }]))
  let lastKey = before.reduce((last, { key }) => Math.max(last, Number(key)), 0)
  let size = [...kept.values()].reduce((sum, each) => sum + each.size + 20, 0)
  const waiting: (() => void)[] = []
  let writing: Promise<void> = Promise.resolve()
  let asked: Promise<void> | undefined
  let ended = false

  /** Changes made while one is being written go out together with the next. */
  function write(): Promise<void> {
    asked ??= writing.then(async () => {
      asked = undefined
      try {
        await host.state.set(stateKey, JSON.stringify([...kept].map(([key, { entry }]) => [key, entry])))
      } catch (error) {
        host.log.warn('signal: what arrived could not be noted before it is handed over', { error: error instanceof Error ? error.message : String(error) })
      }
    })
    writing = asked
    return asked
  }

  return {
    left: () => before,
    async add(entry) {
      const key = String(++lastKey)
      const needed = JSON.stringify(entry).length + 20
      if (needed > entryCharactersMax) return key
      while (!ended && size + needed > charactersMax) await new Promise<void>((resolve) => waiting.push(resolve))
      size += needed
      kept.set(key, { entry, size: needed - 20 })
      await write()
      return key
    },
    done(key) {
      const entry = kept.get(key)
      if (entry === undefined) return
      kept.delete(key)
      size -= entry.size + 20
      void write()
      waiting.shift()?.()
    },
    ending() {
      ended = true
      for (const wake of waiting.splice(0)) wake()
    },
    async close() {
      await (asked ?? writing)
    },
  }
}

/** What was kept, as far as it is usable: another version, or nobody, may have written it. */
function parse<Entry>(text: string | undefined): { key: string; entry: Entry }[] {
  try {
    const value = JSON.parse(text ?? '[]') as unknown
    if (!Array.isArray(value)) return []
    return value.flatMap((pair: unknown) => (Array.isArray(pair) && /^\d{1,15}$/.test(String(pair[0])) && typeof pair[1] === 'object' && pair[1] !== null ? [{ key: String(pair[0]), entry: pair[1] as Entry }] : []))
  } catch {
    // Not ours: begin as if there had been nothing.
    return []
  }
}
