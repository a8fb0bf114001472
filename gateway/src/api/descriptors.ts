import { readFileSync } from 'node:fs'

/** Descriptors kept for the database, logs, channels, models and tools. */
const reserved = 256

/**
 * How many sockets the door may hold: as configured, but never so many that the process could not open a file any more. Where the
 * system does not tell its limit, what is configured counts.
 */
export function connectionsMax(configured: number, limit: number | undefined): number {
  return limit === undefined ? configured : Math.max(16, Math.min(configured, limit - Math.min(reserved, Math.floor(limit / 2))))
}

/** How many descriptors this process may hold; undefined where the system does not say. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined // Not Linux, or no /proc.
  }
}
