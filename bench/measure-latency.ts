import { Agent } from 'node:http'
import type { TelegramServer } from '../test/fakes/telegram-server/index.ts'
import { gatewayToken, telegramPeople } from './gateway-under-test.ts'
import { timedPost, type ModelProcess } from './model-under-load.ts'
import type { Figure } from './results.ts'
import { openSocket } from './socket-client.ts'
import { median, quantile } from './statistics.ts'

/** So many messages of one conversation, then a new one: histories are as long as they are in life. */
const messagesPerSession = 20

interface Pairs { whole: number[]; direct: number[] }
const added = ({ whole, direct }: Pairs): number[] => whole.map((ms, at) => ms - (direct[at] ?? Number.NaN))

/** One message at a time through each way in; each also goes to the model directly, right after, with the bytes the gateway sent. */
export async function measureLatency(gateway: { port: number }, model: ModelProcess, telegram: TelegramServer, messages: number): Promise<Figure[]> {
  const warmUp = Math.min(60, messages)
  const pairs = async (name: string, send: (session: string, text: string, id: string) => Promise<number>): Promise<Pairs> => {
    const all: Pairs = { whole: [], direct: [] }
    for (let count = -warmUp; count < messages; count += 1) {
      const id = `${name}-${count + warmUp}`
      const whole = await send(`${name}${Math.floor((count + warmUp) / messagesPerSession)}`, `please repeat ${id}`, id)
      const direct = await model.ask(await model.last())
      if (count < 0) continue
      all.whole.push(whole)
      all.direct.push(direct)
    }
    return all
  }

  const agent = new Agent({ keepAlive: true })
  const http = await pairs('http', async (user, content, id) => {
    const { ms, text } = await timedPost(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, JSON.stringify({ model: 'moltbot', user, messages: [{ role: 'user', content }] }), { agent, headers: { authorization: `Bearer ${gatewayToken}` } })
    expectIn(text, id)
    return ms
  })
  agent.destroy()

  const socket = await openSocket(gateway.port, gatewayToken)
  const stored: number[] = []
  const ws = await pairs('ws', async (session, text, id) => {
    const startedAt = performance.now()
    const said = socket.say(session, text, id)
    await said.stored
    stored.push(performance.now() - startedAt)
    const ending = await said.ended
    const ms = performance.now() - startedAt
    expectIn(ending.text, id)
    return ms
  })
  socket.close()
  stored.splice(0, warmUp)

  let person = 0
  const chat = await pairs('telegram', async (_session, text, id) => {
    const from = telegram.user(telegramPeople[person++ % telegramPeople.length] ?? 0, { name: 'Bench' })
    const startedAt = performance.now()
    telegram.say(from, text)
    await telegram.nextSent((message) => message.chatId === from.id && message.text.includes(id), 30_000)
    return performance.now() - startedAt
  })

  const figures = (through: string, each: Pairs, budgets: { p50?: number; p95?: number }): Figure[] => {
    const how = `${each.whole.length} messages; model alone ${median(each.direct).toFixed(1)} ms, with the gateway ${median(each.whole).toFixed(1)} ms`
    return [
      { what: `Added latency through ${through}, p50`, unit: 'ms', value: median(added(each)), how, ...(budgets.p50 === undefined ? {} : { budget: budgets.p50 }) },
      { what: `Added latency through ${through}, p95`, unit: 'ms', value: quantile(added(each), 0.95), how: 'the same messages', ...(budgets.p95 === undefined ? {} : { budget: budgets.p95 }) },
    ]
  }
  return [
    ...figures('HTTP', http, { p50: 5, p95: 15 }),
    ...figures('WebSocket', ws, { p50: 5, p95: 15 }),
    { what: 'WebSocket, message durable', unit: 'ms', value: median(stored), how: `from sending to the answer that it is stored; p95 ${quantile(stored, 0.95).toFixed(1)} ms` },
    ...figures('Telegram', chat, {}),
  ]
}

function expectIn(text: string, id: string): void {
  if (!text.includes(id)) throw new Error(`the answer to ${id} was: ${text.slice(0, 300)}`)
}
