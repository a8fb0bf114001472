import { gatewayToken } from './gateway-under-test.ts'
import type { ModelProcess } from './model-under-load.ts'
import type { Figure } from './results.ts'
import { openSocket } from './socket-client.ts'
import { median, quantile } from './statistics.ts'

const messages = 2_000

/** A conversation of 2,000 messages: reading its newest page as the page does, and speaking in it. */
export async function measureHistory(gateway: { port: number }, model: ModelProcess, runs: number): Promise<Figure[]> {
  const socket = await openSocket(gateway.port, gatewayToken)
  const sessionKey = 'history'
  await socket.say(sessionKey, 'the first words', 'history-first').ended
  for (let at = 2; at < messages; at += 100) {
    await Promise.all(Array.from({ length: Math.min(100, messages - at) }, (_, count) => socket.request('chat.inject', { sessionKey, message: `Message ${at + count}: a few words as people say them, no more than a line or so.` })))
  }
  const read = async (limit: number): Promise<number[]> => {
    const times: number[] = []
    for (let run = -3; run < runs; run += 1) {
      const startedAt = performance.now()
      const page = await socket.request('chat.history', { sessionKey, limit })
      if (run >= 0) times.push(performance.now() - startedAt)
      if (!Array.isArray(page['messages']) || page['messages'].length !== limit) throw new Error(`chat.history gave ${JSON.stringify(page).slice(0, 300)}`)
    }
    return times
  }
  const short = await read(200)
  const long = await read(1_000)
  const turns: number[] = []
  for (let run = -1; run < Math.ceil(runs / 2); run += 1) {
    const startedAt = performance.now()
    await socket.say(sessionKey, 'and one more', `history-turn-${run}`).ended
    const whole = performance.now() - startedAt
    const direct = (await model.ask(await model.last())).end
    if (run >= 0) turns.push(whole - direct)
  }
  socket.close()
  const how = (times: readonly number[]): string => `median of ${times.length}; p95 ${quantile(times, 0.95).toFixed(1)} ms`
  return [
    { what: `History of ${messages} messages: newest 200`, unit: 'ms', value: median(short), how: `\`chat.history\`, ${how(short)}` },
    { what: `History of ${messages} messages: newest 1,000`, unit: 'ms', value: median(long), how: `\`chat.history\`, ${how(long)}` },
    { what: `Added latency in a conversation of ${messages} messages`, unit: 'ms', value: median(turns), how: `through WebSocket, ${how(turns)}` },
  ]
}
