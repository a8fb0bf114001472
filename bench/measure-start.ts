import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSpawnedGateway } from '../test/support/spawned-gateway.ts'
import { configUnderTest, gatewayToken, gatewayUnderTest } from './gateway-under-test.ts'
import type { Figure } from './results.ts'
import { openSocket } from './socket-client.ts'
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

/** The same where a killed gateway left so many messages open, which all are taken up before it is ready. */
export async function measureStartWithBacklog(messages: number, runs: number): Promise<Figure[]> {
  const silent = createServer(() => undefined)
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const gateway = await createSpawnedGateway({ ...configUnderTest({ model: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/v1` }), messages: { queue: { mode: 'followup', cap: 100 } } })
  const seen: number[] = []
  try {
    await gateway.start()
    const socket = await openSocket(gateway.port, gatewayToken)
    for (let count = 0; count < messages; count += 1) await socket.say(`session-${count % (messages / 10)}`, `message ${count}`, `message-${count}`).stored
    socket.close()
    await gateway.kill()
    for (let run = 0; run < runs; run += 1) seen.push(await startOnce({ ...gateway, stop: () => gateway.kill() }))
  } finally {
    gateway.remove()
    silent.closeAllConnections()
    silent.close()
  }
  return [{ what: `Start to ready, ${messages} messages open`, unit: 'ms', value: median(seen), how: `median of ${seen.length} starts after \`kill -9\`; the messages lie in ${messages / 10} conversations` }]
}

async function startOnce(gateway: { port: number; launch(): void; stop(): Promise<unknown>; log(): string }): Promise<number> {
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
