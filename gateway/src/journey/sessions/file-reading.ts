import type { Waiting } from './lanes.ts'
import type { SessionsNeeds } from './sessions-needs.ts'

export interface FileReading {
  /** Begins to read what came with a message that waits; its words are then in the message. */
  begin(waiting: Waiting): void
  /** Resolves once the files of these are read, or the turn is called off. */
  done(batch: readonly Waiting[], signal: AbortSignal): Promise<void>
}

export function createFileReading(readFiles: SessionsNeeds['readFiles']): FileReading {
  function begin(waiting: Waiting): void {
    const work = readFiles(waiting.message, waiting.principal)
    if (work === undefined) return
    waiting.reading = work.then((message) => {
      waiting.message = message
      delete waiting.reading
    })
  }

  async function done(batch: readonly Waiting[], signal: AbortSignal): Promise<void> {
    const work = batch.flatMap(({ reading }) => reading ?? [])
    if (work.length === 0 || signal.aborted) return
    let stop = (): void => undefined
    await Promise.race([Promise.all(work), new Promise<void>((resolve) => {
      stop = resolve
      signal.addEventListener('abort', stop, { once: true })
    })])
    signal.removeEventListener('abort', stop)
  }

  return { begin, done }
}
