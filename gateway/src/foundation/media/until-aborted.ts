import { Problem } from '@moltbot/contract'

/** Rejects as soon as its time is over, whatever the work does then. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined) // Given up meanwhile: what became of it nobody hears.
  let stop = (): void => undefined
  try {
    return await Promise.race([work, new Promise<never>((_, reject) => {
      stop = () => reject(new Problem('media-timeout', 'It took too long.'))
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    })])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
