import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TelegramServer } from '../test/fakes/telegram-server/index.ts'
import { root } from '../test/support/spawned-gateway.ts'
import { gatewayToken, telegramPeople } from './gateway-under-test.ts'
import type { Figure } from './results.ts'
import { openSocket } from './socket-client.ts'
import { addedShare, median, type WithPart } from './statistics.ts'

/** What security did for one message. */
export interface SecurityWork {
  /** Milliseconds under the stopwatches, nested and simultaneous ones once. */
  live: number
  /** Milliseconds of what was done again afterwards. */
  again: number
  /** Entries of the record, lines of the log and transactions. */
  rows: number
  lines: number
  transactions: number
  /** Each stopwatch a message must pass was passed: the composer still calls what is watched. */
  whole: boolean
}

type Seen = WithPart & SecurityWork

/** So many messages of one conversation, then a new one. */
const messagesPerSession = 20
const notCovered = 'Not covered: the check of a password at the door, the sandbox around commands, checkpoints of the record (beside messages), and what bookkeeping costs other code'

/** What security adds to a message: its work within a real message, in a gateway of its own, held against the message without it. */
export async function measureSecurity(model: { baseUrl: string }, telegram: TelegramServer, messages: number): Promise<Figure[]> {
  const child = fork(join(root, 'bench', 'security-process.ts'), [model.baseUrl, telegram.apiRoot], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  try {
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    const took = async (): Promise<SecurityWork> => {
      const answer = once(child, 'message')
      child.send('took')
      return ((await answer) as [SecurityWork])[0]
    }
    const each = async (name: string, send: (session: string, id: string) => Promise<void>): Promise<Seen[]> => {
      const all: Seen[] = []
      const warmUp = Math.min(40, messages)
      for (let count = 0; count < messages + warmUp; count += 1) {
        await took()
        const startedAt = performance.now()
        await send(`${name}${Math.floor(count / messagesPerSession)}`, `${name}-${count}`)
        const ms = performance.now() - startedAt
        const work = await took()
        if (!work.whole) throw new Error(`a message passed a stopwatch unseen: ${JSON.stringify(work)}`)
        if (count >= warmUp) all.push({ ...work, ms, part: work.live + work.again })
      }
      return all
    }

    const socket = await openSocket(port, gatewayToken)
    const say = async (session: string, text: string, id: string): Promise<void> => {
      const said = socket.say(session, text, id)
      await said.stored
      const { text: answer } = await said.ended
      if (!answer.includes(id)) throw new Error(`the answer to ${id} was: ${answer.slice(0, 300)}`)
    }
    const words = await each('safe-words', (session, id) => say(session, `please repeat ${id}`, id))
    const tool = await each('safe-tool', (session, id) => say(session, `please read notes.md and repeat ${id}`, id))
    socket.close()
    if (!tool.every(({ rows }) => rows > 0)) throw new Error('a tool ran without an entry in the record')

    let person = 0
    const chat = await each('safe-chat', async (_session, id) => {
      const from = telegram.user(telegramPeople[person++ % telegramPeople.length] ?? 0, { name: 'Bench' })
      telegram.say(from, `please repeat ${id}`)
      await telegram.nextSent((message) => message.chatId === from.id && message.text.includes(id), 30_000)
    })
    return [
      ...figuresOf('words through WebSocket', words, `Timed within real messages of a gateway from source, in a process of its own: judging, the record, the clock of expiries, addresses of strangers; done again with the same inputs and added: looking for pasted secrets, masking of log lines, whose words steer a turn, wrappers around the store. ${notCovered}. The model answers at once`),
      ...figuresOf('a tool call through WebSocket', tool, 'The same, each message reads a file'),
      ...figuresOf('words through Telegram', chat, 'The same, senders on an allow list'),
    ]
  } finally {
    const gone = child.exitCode === null ? once(child, 'exit') : undefined
    if (child.connected) child.disconnect()
    await gone
  }
}

function figuresOf(of: string, seen: readonly Seen[], how: string): Figure[] {
  const typical = (pick: (one: Seen) => number, digits: number): string => median(seen.map(pick)).toFixed(digits)
  return [
    {
      what: `Security's share, ${of}, p50`, unit: '%', value: addedShare(seen, 0.5), budget: 5,
      how: `${seen.length} messages of ${typical(({ ms }) => ms, 1)} ms, ${typical(({ live }) => live, 2)} ms timed and ${typical(({ again }) => again, 2)} ms done again; entries in the record ${typical(({ rows }) => rows, 0)}, lines in the log ${typical(({ lines }) => lines, 0)}, transactions ${typical(({ transactions }) => transactions, 0)}. ${how}`,
    },
    { what: `Security's share, ${of}, p99`, unit: '%', value: addedShare(seen, 0.99), budget: 20, how: 'the same messages: their p99 against the p99 of what remains without it; the slowest mostly waited for the disk' },
  ]
}
