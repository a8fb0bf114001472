import { setTimeout as wait } from 'node:timers/promises'
import type { SpawnedGateway } from '../test/support/spawned-gateway.ts'
import { residentMb } from './gateway-under-test.ts'
import type { Figure } from './results.ts'
import { quantile } from './statistics.ts'

/** Resident memory of a gateway nobody has spoken to, over a few seconds: the most of it counts. */
export async function measureIdleMemory(gateway: SpawnedGateway, seconds: number): Promise<Figure[]> {
  const seen: number[] = []
  for (let second = 0; second < seconds; second += 1) {
    await wait(1_000)
    seen.push(residentMb(gateway.pid))
  }
  return [{ what: 'Memory, idle', unit: 'MB', value: quantile(seen, 1), budget: 90, how: `resident, the most seen in ${seconds} s after the start` }]
}

export function memoryNow(gateway: SpawnedGateway, what: string, how: string): Figure {
  return { what, unit: 'MB', value: residentMb(gateway.pid), how }
}
