import { setTimeout as wait } from 'node:timers/promises'
import type { SpawnedGateway } from '../test/support/spawned-gateway.ts'
import { gatewayToken, residentMb } from './gateway-under-test.ts'
import type { ModelProcess } from './model-under-load.ts'
import type { Figure } from './results.ts'
import { openSocket, type SocketClient } from './socket-client.ts'
import { median, quantile } from './statistics.ts'

const count = 500

/** 500 connections that only listen, and one that talks among them. */
export async function measureSockets(gateway: SpawnedGateway, model: ModelProcess, messages: number): Promise<Figure[]> {
  const before = residentMb(gateway.pid)
  const sockets: SocketClient[] = []
  const startedAt = performance.now()
  while (sockets.length < count) sockets.push(...(await Promise.all(Array.from({ length: Math.min(10, count - sockets.length) }, () => openSocket(gateway.port, gatewayToken)))))
  const connectMs = performance.now() - startedAt
  await wait(3_000)
  const after = residentMb(gateway.pid)
  const talker = await openSocket(gateway.port, gatewayToken)
  const added: number[] = []
  for (let at = -10; at < messages; at += 1) {
    const sentAt = performance.now()
    const ending = await talker.say(`sockets${Math.floor((at + 10) / 20)}`, `please repeat ${at}`, `sockets-${at}`).ended
    const whole = performance.now() - sentAt
    if (ending.state !== 'final') throw new Error(`a message among ${count} sockets ended as ${ending.state}`)
    const direct = (await model.ask(await model.last())).end
    if (at >= 0) added.push(whole - direct)
  }
  for (const socket of [...sockets, talker]) socket.close()
  return [
    { what: `${count} idle sockets: all connected`, unit: 'ms', value: connectMs, how: 'ten at a time, each with its whole handshake' },
    { what: `${count} idle sockets: memory of each`, unit: 'KB', value: ((after - before) * 1_024) / count, how: `resident memory grew from ${before.toFixed(0)} to ${after.toFixed(0)} MB` },
    { what: `${count} idle sockets: added latency, p50`, unit: 'ms', value: median(added), how: `one of them talks, all hear it; the hearing of ${count} clients happens in the bench's own process and counts; p95 ${quantile(added, 0.95).toFixed(1)} ms` },
  ]
}
