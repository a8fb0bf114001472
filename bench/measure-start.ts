import { get } from 'node:http'
import { gatewayUnderTest } from './gateway-under-test.ts'
import type { Figure } from './results.ts'
import { median, quantile } from './statistics.ts'

/** From starting the command to the first 200 of `/readyz`, as a person's script would wait for it. */
export async function measureStart(model: string, runs: number): Promise<Figure[]> {
  const fresh: number[] = []
  const again: number[] = []
  for (let run = -1; run < runs; run += 1) {
    const gateway = await gatewayUnderTest({ model })
    try {
      const first = await startOnce(gateway)
      const second = await startOnce(gateway)
      if (run < 0) continue
      fresh.push(first)
      again.push(second)
    } finally {
      gateway.remove()
    }
  }
  return [
    { what: 'Start to ready', unit: 'ms', value: median(again), budget: 500, how: `median of ${again.length} starts on an existing state directory; p95 ${quantile(again, 0.95).toFixed(0)} ms` },
    { what: 'Start to ready, the very first', unit: 'ms', value: median(fresh), budget: 500, how: `median of ${fresh.length} first starts (makes the database and the workspace); p95 ${quantile(fresh, 0.95).toFixed(0)} ms` },
  ]
}

async function startOnce(gateway: { port: number; launch(): void; stop(): Promise<number | null>; log(): string }): Promise<number> {
  const startedAt = performance.now()
  gateway.launch()
  while (!(await isReady(gateway.port))) {
    if (performance.now() - startedAt > 30_000) throw new Error(`the gateway did not become ready:\n${gateway.log().slice(-2_000)}`)
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
  const ms = performance.now() - startedAt
  await gateway.stop()
  return ms
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = get({ host: '127.0.0.1', port, path: '/readyz', agent: false, timeout: 1_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    probe.on('error', () => resolve(false))
    probe.on('timeout', () => probe.destroy())
  })
}
