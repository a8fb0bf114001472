/**
 * Passwords as argon2id (RFC 9106; 19 MiB, two passes, as OWASP recommends), worked out in threads of their own. A text longer than
 * `passwordBytesMax` is never the password and costs nothing.
 */
export interface Passwords {
  /** As kept in the configuration: `$argon2id$…`. */
  hash(password: string): Promise<string>
  /** Constant in cost for any text within the limit. False also for what is no argon2id hash. */
  matches(hash: string, presented: string): Promise<boolean>
}

export const passwordBytesMax = 1024
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** How many are worked out at once: each takes a thread and 19 MiB. */
const atOnceMax = 2

/** The same password typed on two keyboards is the same bytes (RFC 8265: NFC). */
function bytesOf(password: string): Buffer {
  return Buffer.from(password.normalize('NFC'), 'utf8')
}

export function createPasswords(): Passwords {
  let running = 0
  const waiting: (() => void)[] = []
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
  return {
    async hash(password) {
      const { hash } = await import('@node-rs/argon2')
      return inTurn(() => hash(bytesOf(password), cost))
    },
    async matches(kept, presented) {
      if (presented.length > passwordBytesMax || !kept.startsWith('$argon2id$')) return false
      const bytes = bytesOf(presented)
      if (bytes.length > passwordBytesMax) return false
      const { verify } = await import('@node-rs/argon2')
      return inTurn(() => verify(kept, bytes)).catch(() => false) // A damaged hash opens nothing.
    },
  }
}
