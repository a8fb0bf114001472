import { Agent } from 'node:http'
import type { TelegramServer } from '../test/fakes/telegram-server/index.ts'
import { gatewayToken, telegramPeople } from './gateway-under-test.ts'
import { timedPost, type ModelProcess, type Times } from './model-under-load.ts'
import type { Figure } from './results.ts'
import { openSocket } from './socket-client.ts'
import { median, quantile } from './statistics.ts'

/** So many messages of one conversation, then a new one: histories are as long as they are in life. */
const messagesPerSession = 20

interface Pairs { whole: Times[]; direct: Times[] }
const added = ({ whole, direct }: Pairs, what: keyof Times): number[] => whole.map((times, at) => times[what] - (direct[at]?.[what] ?? Number.NaN))

/** A way in: sends one message and resolves with how long its answer took, once that was the right one. */
interface Way { name: string; send(session: string, text: string, id: string): Promise<Times> }

/**
 * One message at a time through each way in, in turns, so that what the machine does meanwhile falls on all of them; each also goes to the model
 * directly, right after, with the bytes the gateway sent.
 */
export async function measureLatency(gateway: { port: number }, model: ModelProcess, telegram: TelegramServer, messages: number): Promise<Figure[]> {
  const warmUp = Math.min(60, messages)
  const agent = new Agent({ keepAlive: true })
  const post = async (user: string, content: string, id: string, stream: boolean): Promise<Times> => {
    const { times, text } = await timedPost(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, JSON.stringify({ model: 'moltbot', user, stream, messages: [{ role: 'user', content }] }), { agent, headers: { authorization: `Bearer ${gatewayToken}` } })
    expectIn(text, id)
    return times
  }
  const socket = await openSocket(gateway.port, gatewayToken)
  const stored: number[] = []
  let person = 0
  const ways = {
    http: { name: 'http', send: (user, content, id) => post(user, content, id, false) },
    streamed: { name: 'http-stream', send: (user, content, id) => post(user, content, id, true) },
    ws: { name: 'ws', async send(session, text, id) {
      const startedAt = performance.now()
      const said = socket.say(session, text, id)
      const first = said.begun.then(() => performance.now() - startedAt)
      await said.stored
      stored.push(performance.now() - startedAt)
      const ending = await said.ended
      const end = performance.now() - startedAt
      expectIn(ending.text, id)
      return { first: await first, end }
    } },
    chat: { name: 'telegram', async send(_session, text, id) {
      const from = telegram.user(telegramPeople[person++ % telegramPeople.length] ?? 0, { name: 'Bench' })
      const startedAt = performance.now()
      telegram.say(from, text)
      await telegram.nextSent((message) => message.chatId === from.id && message.text.includes(id), 30_000)
      const end = performance.now() - startedAt
      return { first: end, end }
    } },
  } satisfies Record<string, Way>
  const measured = { http: { whole: [], direct: [] }, streamed: { whole: [], direct: [] }, ws: { whole: [], direct: [] }, chat: { whole: [], direct: [] } } as Record<keyof typeof ways, Pairs>
  for (let count = -warmUp; count < messages; count += 1) {
    for (const [key, { name, send }] of Object.entries(ways) as [keyof typeof ways, Way][]) {
      const id = `${name}-${count + warmUp}`
      const whole = await send(`${name}${Math.floor((count + warmUp) / messagesPerSession)}`, `please repeat ${id}`, id)
      const direct = await model.ask(await model.last())
      if (count < 0) continue
      measured[key].whole.push(whole)
      measured[key].direct.push(direct)
    }
  }
  agent.destroy()
  socket.close()
  stored.splice(0, warmUp)
  const { http, streamed, ws, chat } = measured

  const figures = (name: string, each: Pairs, what: keyof Times, budgets: { p50?: number; p95?: number }): Figure[] => {
    const ms = (times: readonly Times[]): string => median(times.map((one) => one[what])).toFixed(1)
    const how = `${each.whole.length} messages; model alone ${ms(each.direct)} ms, with the gateway ${ms(each.whole)} ms`
    return [
      { what: `${name}, p50`, unit: 'ms', value: median(added(each, what)), how, ...(budgets.p50 === undefined ? {} : { budget: budgets.p50 }) },
      { what: `${name}, p95`, unit: 'ms', value: quantile(added(each, what), 0.95), how: 'the same messages', ...(budgets.p95 === undefined ? {} : { budget: budgets.p95 }) },
    ]
  }
  return [
    ...figures('Added latency through HTTP', http, 'end', { p50: 5, p95: 15 }),
    ...figures('Added latency through WebSocket', ws, 'end', { p50: 5, p95: 15 }),
    ...figures('Added until the first word, HTTP streamed', streamed, 'first', {}),
    ...figures('Added until the first word, WebSocket', ws, 'first', {}),
    { what: 'WebSocket, message durable', unit: 'ms', value: median(stored), how: `from sending to the answer that it is stored; p95 ${quantile(stored, 0.95).toFixed(1)} ms` },
    ...figures('Added latency through Telegram', chat, 'end', {}),
  ]
}

function expectIn(text: string, id: string): void {
  if (!text.includes(id)) throw new Error(`the answer to ${id} was: ${text.slice(0, 300)}`)
}
