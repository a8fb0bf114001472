/** Async iterables that pass on what another one gives: a generator for it would cost three waits for each word of an answer. */

/** What `begin` resolves with, asked for when the first value is. Left before, it is never begun. */
export function begunLater<T>(begin: () => Promise<AsyncIterable<T>>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      let inner: Promise<AsyncIterator<T>> | undefined
      let begun: AsyncIterator<T> | undefined
      let left = false
      const start = async (): Promise<AsyncIterator<T>> => (begun = (await begin())[Symbol.asyncIterator]())
      const over: IteratorResult<T> = { done: true, value: undefined }
      return {
        next() {
          if (left) return Promise.resolve(over)
          return begun === undefined ? (inner ??= start()).then((iterator) => iterator.next()) : begun.next()
        },
        async return() {
          left = true
          // What is being begun is left as soon as it has; whoever leaves does not wait for that.
          if (begun === undefined) inner?.then((iterator) => iterator.return?.()).catch(() => undefined)
          else await begun.return?.()
          return over
        },
      }
    },
  }
}

/** Each value as `change` makes it. */
export function changed<T>(given: AsyncIterable<T>, change: (value: T) => T): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const inner = given[Symbol.asyncIterator]()
      return {
        async next() {
          const step = await inner.next()
          return step.done === true ? step : { done: false, value: change(step.value) }
        },
        async return() {
          await inner.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  }
}
