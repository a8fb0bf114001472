/**
 * The kill storm: the built gateway under a stream of Telegram and web messages, killed with `kill -9` at random points and
 * started again, with faults of the model and of the network mixed in. Afterwards every message must have exactly one end
 * state and exactly one whole answer; a second answer is allowed only where the delivery is marked as sent again after an
 * uncertain attempt. Order is kept within each chat, no tool ran twice, nothing half said is left anywhere.
 *
 *   npm run storm -- [--kills 3000] [--seed 1]
 *
 * Ctrl-C ends it early; what happened until then is still looked at.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { openSqlite } from '../../gateway/src/foundation/platform/index.ts'
import { fail, startModelServer, waitFor, type Step } from '../fakes/model-servers/index.ts'
import { startTelegramServer } from '../fakes/telegram-server/index.ts'
import { createSpawnedGateway } from '../support/spawned-gateway.ts'

const argument = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}
const kills = argument('kills', 3_000)
const seed = argument('seed', Date.now() % 1_000_000)
/** The first ones wait for each answer's turn (`followup`), the last ones talk into the running one (`steer`). */
const telegramUsers = 6
const steeringUsers = 2
const webSessions = 3
const token = '123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi'
const gatewayToken = 'storm-token-0123456789abcdef0123456789abcdef'

/** Mulberry32: the same seed gives the same storm, as far as the machine allows. */
function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
const random = randomFrom(seed)
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const tagsOf = (text: string): string[] => text.match(/\b[stw]\d+-\d+\b/g) ?? []
const tagOf = (text: string): string | undefined => tagsOf(text)[0]
const nameOf = (user: number): string => (user % telegramUsers < telegramUsers - steeringUsers ? `t${user}` : `s${user}`)
/** So many messages of one conversation, then somebody else goes on in a new one: else a long storm measures how prompts grow. */
const messagesPerConversation = 40
/** More people than can have their turn: nobody says more than four messages between two kills. */
const people = telegramUsers * (2 + Math.ceil((4 * kills) / messagesPerConversation))
const opening = (tags: readonly string[]): string => `answer to ${tags.join(' ')}: ${'some words '.repeat(4)}`
const closing = 'and the end.'
/** Where the gateway says under an answer what a kill left undone. */
const notDone = '\n\n⚠️ Not done:'
/** What stands in a chat, without the marks the gateway itself may put around an answer. */
/** On a machine too slow for the storm an answer may come late, and then says so. */
const wholeAnswer = (text: string): boolean => {
  const words = text.split(notDone)[0] ?? ''
  return words.trim().replace(/^\*?\(Late: [^)]*\)\*?\s+/, '') === `${opening(tagsOf(words))}${closing}`
}

const telegram = await startTelegramServer({ token })
const model = await startModelServer(async (request) => {
  // Nobody asks for them, and ten thousands of whole prompts would fill the memory.
  model.requests.splice(0)
  const tag = tagsOf(request.lastUserText).at(-1) ?? 'nothing'
  // All that was said since the last answer: in a steered turn that is more than the last message.
  const answered = request.messages.findLastIndex((message) => message.role === 'assistant' && message.calls.length === 0)
  const tags = request.messages.slice(answered + 1).filter((message) => message.role === 'user').flatMap((message) => tagsOf(message.text))
  const steps: Step[] = []
  const luck = random()
  if (luck < 0.04) return [fail(529, 'Overloaded', { type: 'overloaded_error' })]
  if (luck < 0.07) return [{ kind: 'text', pieces: ['half an ans'] }, { kind: 'cut' }]
  if (luck < 0.3) steps.push(waitFor(sleep(random() * 250)))
  // Every fifth message makes the model use a tool first; a finished call must not run again after a kill. Where people talk
  // into the running turn it is every second one, and slow: only between a call and the next words can the turn take them in.
  const last = request.messages.at(-1)
  const steering = tag.startsWith('s')
  if (steering && luck < 0.5) steps.push(waitFor(sleep(300 + random() * 500)))
  if (last?.role === 'user' && Number(tag.split('-')[1] ?? 1) % (steering ? 2 : 5) === 0) return [...steps, { kind: 'call', name: 'write', pieces: [JSON.stringify({ path: `${tag}.txt`, text: tag })] }]
  steps.push({ kind: 'text', pieces: [opening(tags)] })
  if (random() < 0.15) steps.push(waitFor(sleep(900 + random() * 600)))
  steps.push({ kind: 'text', pieces: [closing] })
  return steps
})

const gateway = await createSpawnedGateway({
  gateway: { auth: { mode: 'token', token: gatewayToken } },
  session: { dmScope: 'per-channel-peer' },
  commands: { ownerAllowFrom: Array.from({ length: people }, (_, user) => `telegram:${2000 + user}`) },
  messages: { queue: { mode: 'followup', cap: 1000 } },
  models: { providers: { test: { baseUrl: model.baseUrl('anthropic-messages'), apiKey: 'test-key', api: 'anthropic-messages', models: [{ id: 'test-model', contextWindow: 100_000, maxTokens: 4096 }] } } },
  agents: { defaults: { model: { primary: 'test/test-model' } } },
  channels: { telegram: { botToken: token, apiRoot: telegram.apiRoot, dmPolicy: 'allowlist', allowFrom: Array.from({ length: people }, (_, user) => 2000 + user) } },
})

/** All that was ever said, by who said it. */
const said = new Map<string, string[]>()
let talking = true
let killsDone = 0

/** People in Telegram write whenever they like. */
async function telegramTalk(first: number): Promise<void> {
  for (let user = first; talking && user < people; user += telegramUsers) {
    const from = telegram.user(2000 + user, { name: `User ${user}` })
    if (nameOf(user).startsWith('s')) await steerable(user)
    const tags: string[] = []
    said.set(nameOf(user), tags)
    for (let count = 1; talking && count <= messagesPerConversation; count += 1) {
      const tag = `${nameOf(user)}-${count}`
      tags.push(tag)
      telegram.say(from, `please handle ${tag}`)
      await sleep(300 + random() * 1_700)
    }
  }
}

/** What this person says goes into the running turn from now on. Where lives are too short for the pauses after several crashes, the answer comes after the storm. */
async function steerable(user: number): Promise<void> {
  telegram.say(telegram.user(2000 + user), '/queue steer')
  await telegram.nextSent((message) => message.chatId === 2000 + user, 3_600_000)
}

/** The page: sends with its own keys, and sends the same key again after every reconnect until it was acknowledged. */
async function webTalk(first: number): Promise<void> {
  for (let session = first; talking; session += webSessions) {
    const tags: string[] = []
    said.set(`w${session}`, tags)
    for (let count = 1; talking && count <= messagesPerConversation; count += 1) {
      const tag = `w${session}-${count}`
      tags.push(tag)
      while (!(await sendOnce(`storm${session}`, `please handle ${tag}`, tag))) await sleep(50)
      await sleep(200 + random() * 1_200)
    }
  }
}

/** One connection, one message. False: not acknowledged, to be sent again. */
function sendOnce(session: string, message: string, key: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/`)
    const done = (ok: boolean): void => {
      clearTimeout(timer)
      socket.terminate()
      resolve(ok)
    }
    const timer = setTimeout(() => done(false), 3_000)
    socket.on('error', () => done(false))
    socket.on('close', () => done(false))
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { type: string; id?: string; ok?: boolean; event?: string }
      if (frame.event === 'connect.challenge') {
        socket.send(JSON.stringify({ type: 'req', id: 'c', method: 'connect', params: { minProtocol: 3, maxProtocol: 4, client: { id: 'gateway-client', version: '0', platform: 'test', mode: 'backend' }, role: 'operator', scopes: ['operator.admin'], auth: { token: gatewayToken } } }))
      } else if (frame.type === 'res' && frame.id === 'c') {
        if (frame.ok !== true) return done(false)
        socket.send(JSON.stringify({ type: 'req', id: 's', method: 'chat.send', params: { sessionKey: session, message, idempotencyKey: key } }))
      } else if (frame.type === 'res' && frame.id === 's') done(frame.ok === true)
    })
  })
}

/** The network misbehaves now and then. */
async function trouble(): Promise<void> {
  while (talking) {
    await sleep(400 + random() * 1_500)
    const luck = random()
    if (luck < 0.3) telegram.fault('sendMessage', { status: 500, description: 'Internal Server Error' })
    else if (luck < 0.5) telegram.fault('sendMessage', { status: 429, description: 'Too Many Requests: retry after 1', retryAfter: 1 })
    else if (luck < 0.6) telegram.fault('sendMessage', { acceptThenReset: true })
    else if (luck < 0.75) telegram.fault('getUpdates', { reset: true })
    else if (luck < 0.85) telegram.dropConnections()
  }
}

console.log(`kill storm: ${kills} kills, seed ${seed}`)
const startedAt = Date.now()
await gateway.start()
const warmStartMs = Date.now() - startedAt
const sends = (): number => telegram.counts().calls['sendMessage'] ?? 0
const talkers = [
  ...Array.from({ length: telegramUsers }, (_, user) => telegramTalk(user)), ...Array.from({ length: webSessions }, (_, session) => webTalk(session)), trouble(),
]
let called = false
process.once('SIGINT', () => { called = true })
for (; killsDone < kills && !called; killsDone += 1) {
  // A third of the kills hit the start itself, a third a gateway at work, and a third the moment in which something is being sent.
  const where = random()
  if (where < 0.33) await sleep(random() * Math.min(warmStartMs, 1_500))
  else if (await gateway.ready(30_000)) {
    if (where < 0.67) await sleep(random() * 600)
    else {
      const before = sends()
      await telegram.until(() => sends() > before, 'a send', 3_000).catch(() => undefined)
      await sleep(random() * 5)
    }
  }
  await gateway.kill()
  gateway.launch()
  if ((killsDone + 1) % 100 === 0) console.log(`  ${killsDone + 1} kills, ${[...said.values()].flat().length} messages, ${Math.round((Date.now() - startedAt) / 1000)} s`)
}
talking = false
if (!(await gateway.ready(60_000))) throw new Error(`the gateway did not come back:\n${gateway.log().slice(-3_000)}`)
await Promise.all(talkers)
telegram.clearFaults()

const database = await openSqlite(join(gateway.stateDir, 'sessions', 'moltbot.db'), { readOnly: true })
const count = (query: string): number => Number(Object.values(database.prepare(query).get() ?? {})[0] ?? 0)
// A part that was on the wire at twelve deaths of the gateway waits 1,024 s, and what was said after it stands behind it.
const settleBy = Date.now() + 1_024_000 + 600_000
for (;;) {
  if (telegram.unconfirmed().length === 0 && count('SELECT COUNT(*) FROM inbox WHERE end_state IS NULL') === 0 && count('SELECT COUNT(*) FROM deliveries WHERE settled_at IS NULL') === 0) break
  if (Date.now() > settleBy) break
  await sleep(100)
}

/** What is wrong, in words. */
const faults: string[] = []
const all = [...said.values()].flat()
interface Row { id: string; message: string; end_state: string | null; end_detail: string | null; turn_id: string | null; session_key: string | null }
const rows = database.prepare('SELECT id, message, end_state, end_detail, turn_id, session_key FROM inbox').all() as unknown as Row[]
const byTag = new Map<string, Row[]>()
for (const row of rows) {
  const tag = tagOf((JSON.parse(row.message) as { text: string }).text) ?? ''
  byTag.set(tag, [...(byTag.get(tag) ?? []), row])
}
const byId = new Map(rows.map((row) => [row.id, row]))
const inChat = telegram.sent.filter((message) => !message.deleted)
const ends = new Map<string, number>()
/** Messages whose answer is marked in the ledger as sent again after an uncertain attempt. */
const marked = new Set<string>()
/** Turns in which a kill cut a call short. */
const cutCalls = new Set(database.prepare("SELECT turn_id FROM tool_calls WHERE state = 'started'").all().map((call) => String(call['turn_id'])))
let seenTwice = 0
for (const tag of all) {
  const mine = byTag.get(tag) ?? []
  if (mine.length !== 1) faults.push(`${tag}: ${mine.length} inbox rows`)
  const row = mine[0]
  if (row === undefined) continue
  const end = `${row.end_state ?? 'none'}${row.end_state === 'merged' || row.end_detail === null ? '' : ` (${row.end_detail})`}`
  ends.set(end, (ends.get(end) ?? 0) + 1)
  // What was said into a running turn ends with the message that began it.
  const head = row.end_state === 'merged' ? byId.get(row.end_detail ?? '') : row
  if (row.end_state === 'merged' && (!tag.startsWith('s') || head?.turn_id !== row.turn_id)) faults.push(`${tag}: merged into ${String(row.end_detail)}`)
  if (head?.end_state !== 'answered' && !(head?.end_state === 'failed' && head.end_detail === 'told')) faults.push(`${tag}: ended ${end} (${row.id})`)
  const deliveries = database.prepare('SELECT state, resent, draft, markdown FROM deliveries WHERE turn_id = ?').all(row.turn_id)
  if (deliveries.length === 0) faults.push(`${tag}: no delivery`)
  for (const delivery of deliveries) {
    if (delivery['state'] !== 'sent' && delivery['state'] !== 'ambiguous') faults.push(`${tag}: a delivery ended ${String(delivery['state'])}`)
    if (Number(delivery['draft']) !== 0) faults.push(`${tag}: a preview was left as the answer`)
  }
  if (deliveries.some((delivery) => String(delivery['markdown']).includes(notDone)) && !cutCalls.has(String(row.turn_id))) faults.push(`${tag}: says that something was not done, and no call was cut short`)
  const uncertain = deliveries.some((delivery) => Number(delivery['resent']) > 0 || delivery['state'] === 'ambiguous')
  if (uncertain) marked.add(tag)
  if (tag.startsWith('w')) {
    const turn = database.prepare('SELECT body FROM entries WHERE turn_id = ? ORDER BY seq').all(row.turn_id).map((entry) => JSON.parse(String(entry['body'])) as { kind: string })
    const users = turn.filter((body) => body.kind === 'user').length
    const answers = turn.filter((body) => body.kind === 'assistant' && JSON.stringify(body).includes(closing)).length
    if (users !== 1) faults.push(`${tag}: ${users} user entries`)
    if (head?.end_state === 'answered' && answers !== 1) faults.push(`${tag}: ${answers} answers in the transcript`)
    if (head?.end_state === 'answered' && !wholeAnswer(String(deliveries[0]?.['markdown']))) faults.push(`${tag}: answered with "${String(deliveries[0]?.['markdown'])}"`)
    continue
  }
  if (head?.end_state !== 'answered') {
    // The words of a failure do not repeat the message; that they were sent is in the ledger.
    if (!deliveries.some((delivery) => String(delivery['markdown']).includes('⚠️'))) faults.push(`${tag}: failed without a word`)
    continue
  }
  const answers = inChat.filter((message) => tagsOf(message.text).includes(tag))
  const whole = answers.filter((message) => wholeAnswer(message.text))
  // Words said into a running turn may be answered by the next step instead of in the same breath.
  if (whole.length === 0 && !(tag.startsWith('s') && answers.length > 0)) faults.push(`${tag}: no whole answer in the chat: ${answers.map((message) => `"${message.text}"`).join(', ')}`)
  if (answers.length > 1 && !tag.startsWith('s')) {
    seenTwice += 1
    if (!uncertain) faults.push(`${tag}: ${answers.length} answers in the chat and no mark`)
  }
}
for (const message of inChat) {
  const tag = tagOf(message.text)
  if (tag?.startsWith('t') !== true || wholeAnswer(message.text) || message.text.includes('⚠️')) continue
  // A live preview whose sending a kill cut short can't be found again: the whole answer stands below it, and the ledger says so.
  if (!marked.has(tag)) faults.push(`half an answer stands in the chat: "${message.text}"`)
}
for (const [who, tags] of said) {
  const shown = who.startsWith('w')
    ? database.prepare('SELECT body FROM entries WHERE body LIKE ? ORDER BY seq').all(`%answer to ${who}-%`).map((row) => String(row['body']))
    : telegram.sent.filter((message) => message.chatId === 2000 + Number(who.slice(1))).map((message) => message.text)
  const order = [...new Set(shown.flatMap((text) => tagsOf(text)))]
  const expected = tags.filter((tag) => order.includes(tag))
  if (JSON.stringify(order) !== JSON.stringify(expected)) faults.push(`${who}: answers out of order: ${order.slice(0, 40).join(' ')}`)
}
for (const call of database.prepare('SELECT turn_id, input, COUNT(*) AS runs FROM tool_calls GROUP BY turn_id, input HAVING COUNT(*) > 1').all()) {
  faults.push(`tool ran ${String(call['runs'])} times in ${String(call['turn_id'])}: ${String(call['input'])}`)
}
const calls = database.prepare('SELECT input, state FROM tool_calls').all().map((call) => ({ state: String(call['state']), input: JSON.parse(String(call['input'])) as { path: string; text: string } }))
for (const { state, input } of calls) {
  const file = join(gateway.stateDir, 'workspace', input.path)
  const found = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  // What was started when the gateway died may have been done or not; what is finished is there.
  if (found !== input.text && !(state === 'started' && found === undefined)) faults.push(`a tool call is ${state}, its file holds ${String(found)}`)
}
if (!calls.some((call) => call.state === 'finished')) faults.push('no tool ever ran')
if (count('SELECT COUNT(*) FROM deliveries WHERE settled_at IS NULL') > 0) faults.push('deliveries that are not settled')
if (count("SELECT COUNT(*) FROM turns WHERE state <> 'done'") > 0) faults.push('turns that are not done')
const duplicates = count('SELECT COUNT(*) FROM (SELECT 1 FROM deliveries GROUP BY turn_id, part HAVING COUNT(*) > 1 AND turn_id IS NOT NULL)')
if (duplicates > 0) faults.push(`${duplicates} parts written twice`)

database.close()
await gateway.stop()
await Promise.all([model.close(), telegram.close()])
const resets = telegram.calls.filter((call) => call.method === 'sendMessage' && call.outcome === 'reset').length
console.log(`${killsDone} kills in ${Math.round((Date.now() - startedAt) / 1000)} s, ${all.length} messages: ${all.filter((tag) => !tag.startsWith('w')).length} Telegram, ${all.filter((tag) => tag.startsWith('w')).length} web`)
console.log(`ends: ${[...ends].map(([end, times]) => `${times} ${end}`).join(', ')}`)
console.log(`tool calls: ${calls.length}, of these cut short by a kill: ${calls.filter((call) => call.state === 'started').length}`)
console.log(`sends whose answer was lost on the way: ${resets}; uncertain sends marked: ${marked.size}; of these seen twice in the chat: ${seenTwice}`)
for (const fault of faults.slice(0, 30)) console.log(`✗ ${fault}`)
if (faults.length === 0) gateway.remove()
else console.log(`state kept in ${gateway.home}`)
console.log(`${all.length - faults.length} passed, ${faults.length} failed`)
process.exit(faults.length === 0 ? 0 : 1)
