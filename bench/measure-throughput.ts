import { Agent } from 'node:http'
import { join } from 'node:path'
import { openSqlite } from '../gateway/src/foundation/platform/index.ts'
import type { TelegramServer } from '../test/fakes/telegram-server/index.ts'
import type { SpawnedGateway } from '../test/support/spawned-gateway.ts'
import { gatewayToken, telegramPeople } from './gateway-under-test.ts'
import { timedPost } from './model-under-load.ts'
import type { Figure } from './results.ts'
import { openSocket } from './socket-client.ts'

const sessions = 20
const messagesEach = 10
const total = sessions * messagesEach
const answerTimeoutMs = 60_000

interface Load { seconds: number; lost: string[] }

/** 200 messages over 20 sessions at once, through each way in. A message is lost when no answer with its own words came back. */
export async function measureThroughput(gateway: SpawnedGateway, telegram: TelegramServer): Promise<Figure[]> {
  const tag = (way: string, session: number, message: number): string => `load-${way}-${session}-${message}.`
  const each = async (say: (session: number, message: number) => Promise<string>, way: string): Promise<Load> => {
    const lost: string[] = []
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: sessions }, async (_, session) => {
      for (let message = 0; message < messagesEach; message += 1) {
        const answer = await inTime(say(session, message))
        if (!answer.includes(tag(way, session, message))) lost.push(tag(way, session, message))
      }
    }))
    return { seconds: (performance.now() - startedAt) / 1_000, lost }
  }

  const agent = new Agent({ keepAlive: true })
  const http = await each(async (session, message) => (await timedPost(
    `http://127.0.0.1:${gateway.port}/v1/chat/completions`,
    JSON.stringify({ model: 'moltbot', user: `load${session}`, messages: [{ role: 'user', content: `please repeat ${tag('http', session, message)}` }] }),
    { agent, headers: { authorization: `Bearer ${gatewayToken}` } },
  )).text, 'http')
  agent.destroy()

  // Over the socket nobody waits for an answer: all 200 are said at once and queue up in their sessions.
  const socket = await openSocket(gateway.port, gatewayToken)
  const lostInSocket: string[] = []
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: total }, async (_, at) => {
    const words = tag('ws', at % sessions, Math.floor(at / sessions))
    const said = socket.say(`load${at % sessions}`, `please repeat ${words}`, words)
    await said.stored
    if (!(await inTime(said.ended.then((ending) => ending.text))).includes(words)) lostInSocket.push(words)
  }))
  const ws: Load = { seconds: (performance.now() - startedAt) / 1_000, lost: lostInSocket }
  socket.close()

  const chatStartedAt = performance.now()
  const expected: Promise<string>[] = []
  for (let at = 0; at < total; at += 1) {
    const from = telegram.user(telegramPeople[at % sessions] ?? 0)
    const words = tag('telegram', at % sessions, Math.floor(at / sessions))
    expected.push(inTime(telegram.nextSent((message) => message.chatId === from.id && message.text.includes(words), answerTimeoutMs).then(() => words)).then((answer) => (answer === words ? '' : words)))
    telegram.say(from, `please repeat ${words}`)
  }
  const chat: Load = { lost: (await Promise.all(expected)).filter((words) => words !== ''), seconds: (performance.now() - chatStartedAt) / 1_000 }

  const open = await openRows(gateway)
  return ([['HTTP', http, 'each session waits for its answer'], ['WebSocket', ws, 'all said at once'], ['Telegram', chat, 'all said at once']] as const).flatMap(([through, load, how]): Figure[] => [
    { what: `Throughput through ${through}`, unit: 'messages/s', value: total / load.seconds, how: `${total} messages over ${sessions} sessions, ${how}; at most 4 turns run at a time (the default)` },
    { what: `Lost of ${total} through ${through}`, unit: 'messages', value: load.lost.length, budget: 0, how: load.lost.length === 0 ? 'each was answered with its own words' : `without an answer: ${load.lost.slice(0, 5).join(' ')}` },
  ]).concat({ what: 'Left without an end in the ledger', unit: 'messages', value: open, budget: 0, how: 'rows of the inbox and the outbox after all of the above' })
}

/** The answer, or '' when none came in time or it was a failure. */
async function inTime(answer: Promise<string>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<string>((resolve) => { timer = setTimeout(() => resolve(''), answerTimeoutMs) })
  try {
    return await Promise.race([answer, late])
  } catch {
    // A refusal or a broken connection is a message without an answer: counted as lost.
    return ''
  } finally {
    clearTimeout(timer)
  }
}

/** How many rows have no end state once things had time to settle. */
async function openRows(gateway: SpawnedGateway): Promise<number> {
  const database = await openSqlite(join(gateway.stateDir, 'sessions', 'moltbot.db'), { readOnly: true })
  try {
    const query = database.prepare('SELECT (SELECT COUNT(*) FROM inbox WHERE end_state IS NULL) + (SELECT COUNT(*) FROM deliveries WHERE settled_at IS NULL) AS open')
    const until = performance.now() + 10_000
    for (;;) {
      const open = Number(query.get()?.['open'] ?? Number.NaN)
      if (open === 0 || performance.now() > until) return open
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } finally {
    database.close()
  }
}
