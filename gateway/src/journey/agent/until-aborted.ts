/** What `untilAborted` yields when the signal came first. */
export const abortedFirst: unique symbol = Symbol('aborted-first')

/**
 * Waits for `work`, but not for work that ignores the signal: on abort it gets a few microtasks to end by itself, then
 * the wait is over. Rejects only as `work` does. What comes later is dropped without an unhandled rejection.
 */
export function untilAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T | typeof abortedFirst> {
  return new Promise((resolve, reject) => {
    const giveUp = () => void graceTicks(16).then(() => resolve(abortedFirst))
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
    work.then(
      (value) => {
        signal.removeEventListener('abort', giveUp)
        resolve(value)
      },
      (error: unknown) => {
        signal.removeEventListener('abort', giveUp)
        reject(error)
      },
    )
  })
}

/** A short grace without a clock: work that hears the signal and settles at once still counts. */
async function graceTicks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await Promise.resolve()
}
