import { Problem } from '@moltbot/contract'

/** Waits for `work` no longer than the signal allows. Rejects with `Problem('tool-stopped')` on abort, else as `work` does. */
export function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(new Problem('tool-stopped', 'The call was stopped before it finished.', { next: 'Look at what it left before repeating it.' }))
    if (signal.aborted) {
      stopped()
      return
    }
    signal.addEventListener('abort', stopped, { once: true })
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stopped))
  })
}
