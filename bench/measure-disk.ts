import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Figure } from './results.ts'
import { median, quantile } from './statistics.ts'

/** What two pages of a commit weigh. */
const bytes = 8_192

/** The disk under all of it, without any gateway: how long it takes to put a commit's bytes where a power cut leaves them. */
export async function measureDisk(times: number): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moltbot-disk-'))
  const file = openSync(join(folder, 'log'), 'w')
  const seen: number[] = []
  try {
    for (let count = 0; count < times; count += 1) {
      writeSync(file, Buffer.alloc(bytes, count))
      const startedAt = performance.now()
      fdatasyncSync(file)
      seen.push(performance.now() - startedAt)
      await wait(5)
    }
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true, force: true })
  }
  return [{ what: 'The disk alone, one flush', unit: 'ms', value: median(seen), how: `${times} times 8 KB and \`fdatasync\`, no gateway; p95 ${quantile(seen, 0.95).toFixed(1)} ms. An answer waits for at least one` }]
}
