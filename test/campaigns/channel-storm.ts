/**
 * The channel storm: the built gateway with all six networks open at once, each a server that speaks its real protocol. People write in bursts on all of them,
 * every network misbehaves now and then, and the gateway is killed with `kill -9` and started again. Afterwards every message must have exactly one row
 * with an end and exactly one whole answer; a second answer is allowed only where the delivery is marked as sent again after an uncertain attempt. Order is kept within each chat.
 * The last part goes without kills: there what is alive in memory must stay where it is. What the machine counts is told, and judged only once what nobody holds any more
 * has been thrown away: between two such moments it grows with the garbage of a busy process, and falls when that is collected, however much of it there was.
 *
 *   npm run channel-storm -- [--messages 10000] [--kills 60] [--seed 1] [--own discord,signal] [--only whatsapp,slack]
 *
 * What Signal's daemon handed to a gateway that was killed in the same moment is gone, as with the real one, which brings nothing twice: such messages are counted and told.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../../gateway/src/foundation/platform/index.ts'
import { say, startModelServer, waitFor } from '../fakes/model-servers/index.ts'
import { startSixNetworks } from '../support/six-networks.ts'
import { createSpawnedGateway } from '../support/spawned-gateway.ts'

const word = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const wanted = Number(word('messages') ?? 10_000)
const kills = Number(word('kills') ?? Math.max(2, Math.round(wanted / 160)))
const seed = Number(word('seed') ?? Date.now() % 1_000_000)
const own = new Set((word('own') ?? '').split(','))
/** On these networks people talk, and accidents happen; absent: on all six. */
const only = word('only')?.split(',')
/** At least these; more in a long storm, so that conversations stay as long as they are in life. */
const peoplePerNetwork = Math.max(3, Math.ceil(wanted / 240))
const burstMax = 8
const waitingMax = Math.min(400, Math.ceil(wanted / 20))
/** So much of it goes without kills, for the memory. */
const calmShare = 0.4
/** What caches may still gain in the last part while nothing leaks, MB: they begin empty after the last kill. */
const aliveGrowthMaxMb = 30
/** The same with what the allocator keeps for later. */
const heldGrowthMaxMb = 60
/** A kill so shortly after Signal's daemon handed a message over may cost it. */
const signalGapMs = 1_500
const gatewayToken = 'storm-token-0123456789abcdef0123456789abcdef'

/** Mulberry32: the same seed gives the same storm, as far as the machine allows. */
let state = seed >>> 0
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const tagOf = (text: string): string | undefined => /\b[tdskwi]\d+-\d+\b/.exec(text)?.[0]
const wholeAnswer = (text: string, tag: string): boolean => text.replace(/^\W*\(Late: [^)]*\)\W*\s+/, '').trim() === `answer to ${tag}: every word of it, and the end.`

/** One network: its people, what they see, and what can go wrong with it. */
interface Network {
  name: string
  letter: string
  say(person: number, text: string): void
  seen(): { person: number; text: string }[]
  faults: (() => void)[]
}
const everybody = Array.from({ length: peoplePerNetwork }, (_, person) => person)

const six = await startSixNetworks()
const { telegram, discord, slack, signal, imessage: mac, whatsapp } = six
const onTelegram = everybody.map((person) => telegram.user(2000 + person, { name: `T${person}` }))
const onDiscord = everybody.map((person) => discord.person(`D${person}`))
const onSlack = everybody.map((person) => slack.person(`S${person}`))
const onSignal = everybody.map((person) => signal.person(`G${person}`))
const onMac = everybody.map((person) => `+491555020${person}`)
const onWhatsApp = everybody.map((person) => whatsapp.person(`W${person}`))

const networks: Network[] = [
  {
    name: 'telegram', letter: 't',
    say: (person, text) => void telegram.say(onTelegram[person] as never, text),
    seen: () => telegram.sent.filter((one) => !one.deleted).map((one) => ({ person: one.chatId - 2000, text: one.text })),
    faults: [
      () => telegram.fault('sendMessage', { status: 500, description: 'Internal Server Error' }), () => telegram.fault('sendMessage', { status: 429, description: 'Too Many Requests: retry after 1', retryAfter: 1 }),
      () => telegram.fault('sendMessage', { acceptThenReset: true }), () => telegram.fault('getUpdates', { reset: true }), () => telegram.dropConnections(),
    ],
  },
  {
    name: 'discord', letter: 'd',
    say: (person, text) => void discord.say(onDiscord[person] as never, text),
    seen: () => discord.sent.filter((one) => !one.deleted).map((one) => ({ person: onDiscord.findIndex((each) => discord.direct(each).id === one.channelId), text: one.text })),
    faults: [
      () => discord.fault('POST /channels/:id/messages', { status: 500 }), () => discord.fault('POST /channels/:id/messages', { acceptThenReset: true }), () => discord.gateway.dropSockets(), () => discord.gateway.redeliverLast(),
      () => discord.fault('POST /channels/:id/messages', { status: 429, body: { message: 'You are being rate limited.', retry_after: 0.5, global: false }, headers: { 'retry-after': '0.5' } }),
    ],
  },
  {
    name: 'slack', letter: 'k',
    say: (person, text) => void slack.say(onSlack[person] as never, text),
    seen: () => slack.sent.filter((one) => !one.deleted).map((one) => ({ person: onSlack.findIndex((each) => slack.direct(each).id === one.channel), text: one.text })),
    faults: [
      () => slack.fault('chat.postMessage', { status: 500 }), () => slack.fault('chat.postMessage', { acceptThenReset: true }), () => slack.socket.dropSockets(), () => slack.socket.redeliverLast(),
      () => slack.fault('chat.postMessage', { status: 429, body: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': '1' } }),
    ],
  },
  {
    name: 'signal', letter: 's',
    say: (person, text) => void signal.say(onSignal[person] as never, text),
    seen: () => signal.sent.filter((one) => !one.deleted).map((one) => ({ person: onSignal.findIndex(({ uuid }) => uuid === one.recipient), text: one.text })),
    faults: [
      () => signal.fault('send', { status: 500 }), () => signal.fault('send', { acceptThenReset: true }), () => signal.redeliverLast(),
      () => signal.fault('send', { error: { code: -5, message: 'Rate limit', data: { response: { results: [{ type: 'RATE_LIMIT_FAILURE', retryAfterSeconds: 1 }] } } } }),
    ],
  },
  {
    name: 'imessage', letter: 'i',
    say: (person, text) => void mac.say(onMac[person] as never, text),
    seen: () => mac.sent.filter((one) => !one.deleted).map((one) => ({ person: onMac.findIndex((address) => one.chat.endsWith(address)), text: one.text })),
    faults: [() => mac.fault('POST /message/text', { status: 500 }), () => mac.fault('POST /message/text', { acceptThenReset: true }), () => mac.dropSockets(), () => mac.fault('POST /message/query', { status: 503 })],
  },
  {
    name: 'whatsapp', letter: 'w',
    say: (person, text) => void whatsapp.say(onWhatsApp[person] as never, text),
    seen: () => whatsapp.sent.filter((one) => !one.removed).map((one) => ({ person: onWhatsApp.findIndex(({ telephone }) => telephone.address === one.to || telephone.hidden === one.to), text: one.text })),
    faults: [
      () => whatsapp.refuseNext(500), () => whatsapp.cutAfterAccept(), () => whatsapp.cut(), () => whatsapp.redeliver(),
      // It can open nothing that is on its way, and asks for it again.
      () => pick(onWhatsApp).telephone.forget(),
    ],
  },
]

const talking = networks.filter(({ name }) => only?.includes(name) ?? true)

const model = await startModelServer(async (request) => {
  // Nobody asks for them, and ten thousand whole prompts would fill the memory.
  model.requests.splice(0)
  const text = say(`answer to ${tagOf(request.lastUserText.split('\n').at(-1) ?? '') ?? 'nothing'}: every word of it, and the end.`)
  return random() < 0.1 ? [waitFor(sleep(random() * 300)), text] : [text]
})

/** Loaded into the gateway: asked by a signal, it throws away what nobody holds any more, and writes down what is left. */
const scales = join(tmpdir(), `moltbot-scales-${process.pid}.mjs`)
const scaleFile = `${scales}.json`
writeFileSync(scales, `
import { renameSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'
if (isMainThread) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  process.on('SIGUSR2', async () => {
    for (let round = 0; round < 3; round += 1) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    writeFileSync(${JSON.stringify(`${scaleFile}.new`)}, JSON.stringify(process.memoryUsage()))
    renameSync(${JSON.stringify(`${scaleFile}.new`)}, ${JSON.stringify(scaleFile)})
  })
}
`)
process.on('exit', () => {
  for (const file of [scales, scaleFile]) rmSync(file, { force: true })
})

const people = {
  telegram: onTelegram.map(({ id }) => id), discord: onDiscord.map(({ id }) => id), slack: onSlack.map(({ id }) => id), signal: onSignal.map(({ uuid }) => uuid), imessage: onMac, whatsapp: onWhatsApp.map(({ telephone }) => `+${telephone.number}`),
}
const gateway = await createSpawnedGateway({
  gateway: { auth: { mode: 'token', token: gatewayToken } },
  session: { dmScope: 'per-channel-peer' },
  messages: { queue: { mode: 'followup', cap: 1000 } },
  models: { providers: { test: { baseUrl: model.baseUrl('anthropic-messages'), apiKey: 'test-key', api: 'anthropic-messages', models: [{ id: 'test-model', contextWindow: 100_000, maxTokens: 4096 }] } } },
  agents: { defaults: { model: { primary: 'test/test-model' } } },
  channels: Object.fromEntries(Object.entries(six.channels).map(([name, how]) => [name, {
    ...how, streaming: 'off', dmPolicy: 'allowlist', allowFrom: people[name as keyof typeof people], ...(own.has(name) ? { process: 'own' } : {}),
  }])),
}, { ...six.environment, NODE_OPTIONS: `${six.environment['NODE_OPTIONS'] ?? ''} --import=${scales}` })

console.log(`channel storm: ${wanted} messages over ${talking.length} networks, ${kills} kills, seed ${seed}`)
await gateway.start(180_000)
await six.connect(gateway, gatewayToken)

const startedAt = Date.now()
interface Said { network: Network; person: number; at: number }
const said = new Map<string, Said>()
/** How much was said on a network that must have been written down by now. Signal's are counted again when a kill may have cost some. */
const due = new Map<string, number>()
let signalCountedAt = 0
const killedAt: number[] = []
let killing: Promise<unknown> = Promise.resolve()
const rssMb = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid ?? 0}/status`, 'utf8'))?.[1] ?? 0) / 1024
/** The gateway's memory at rest, MB, as the machine counts it; and after a collection, together with what is alive. */
interface Weight { messages: number; counted: number; collected?: { held: number; alive: number } }
async function weigh(collect: boolean): Promise<Weight> {
  const counted = Math.round(rssMb())
  if (!collect) return { messages: said.size, counted }
  rmSync(scaleFile, { force: true })
  process.kill(gateway.pid ?? 0, 'SIGUSR2')
  const until = Date.now() + 300_000
  while (!existsSync(scaleFile) && Date.now() < until) await sleep(50)
  if (!existsSync(scaleFile)) throw new Error('the gateway does not say how much memory it has')
  const { rss, heapUsed, external } = JSON.parse(readFileSync(scaleFile, 'utf8')) as NodeJS.MemoryUsage
  const mb = (bytes: number): number => Math.round(bytes / 2 ** 20)
  return { messages: said.size, counted, collected: { held: mb(rss), alive: mb(heapUsed + external) } }
}

/** Whether a kill may have cost it: Signal's daemon had handed it over, and nobody had written it down. */
const excused = ({ network, at }: Said): boolean => network.name === 'signal' && killedAt.some((killed) => killed >= at && killed - at < signalGapMs)
/** Messages that have no end yet, as the database says. */
async function open(): Promise<number> {
  const rows = await gateway.rows('SELECT channel, COUNT(*) AS taken, SUM(end_state IS NULL) AS unfinished, 0 AS unsettled FROM inbox GROUP BY channel UNION ALL SELECT NULL, 0, 0, COUNT(*) FROM deliveries WHERE settled_at IS NULL')
  if (signalCountedAt !== killedAt.length) {
    signalCountedAt = killedAt.length
    due.set('signal', [...said.values()].filter((one) => one.network.name === 'signal' && !excused(one)).length)
  }
  let n = 0
  for (const row of rows) n += Number(row['unfinished']) + Number(row['unsettled'])
  for (const { name } of networks) n += Math.max(0, (due.get(name) ?? 0) - Number(rows.find((row) => row['channel'] === name)?.['taken'] ?? 0))
  return n
}
async function kill(): Promise<void> {
  killedAt.push(Date.now())
  await gateway.kill()
  gateway.launch()
  if (!(await gateway.ready(180_000))) throw new Error(`the gateway did not come back:\n${gateway.log().slice(-3_000)}`)
}
async function untilSettled(withinMs: number): Promise<void> {
  const until = Date.now() + withinMs
  while (Date.now() < until && (await open()) > 0) await sleep(250)
  if (Date.now() < until) return
  const taken = new Set((await gateway.rows('SELECT message FROM inbox')).map((row) => tagOf((JSON.parse(String(row['message'])) as { text: string }).text)))
  console.log(`  not settled within ${withinMs / 1_000} s: ${await open()} without an end; never taken: ${[...said.keys()].filter((tag) => !taken.has(tag)).slice(0, 20).join(' ')}`)
}

const calmFrom = Math.round(wanted * (1 - calmShare))
let nextKill = Math.max(1, Math.round(calmFrom / (kills + 1)))
const memory: Weight[] = []
let toldAt = 0
while (said.size < wanted) {
  if (said.size - toldAt >= 500) {
    toldAt = said.size
    console.log(`  ${said.size} said after ${Math.round((Date.now() - startedAt) / 1_000)} s, ${killedAt.length} kills`)
  }
  const network = pick(talking)
  const person = pick(everybody)
  for (let left = Math.min(1 + Math.floor(random() * burstMax), wanted - said.size); left > 0; left -= 1) {
    const tag = `${network.letter}${person}-${said.size + 1}`
    said.set(tag, { network, person, at: Date.now() })
    due.set(network.name, (due.get(network.name) ?? 0) + 1)
    network.say(person, `please handle ${tag}`)
  }
  if (random() < 0.2) pick(pick(talking).faults)()
  await sleep(random() * 60)
  if (said.size < calmFrom && said.size >= nextKill && killedAt.length < kills) {
    nextKill += Math.max(1, Math.round(calmFrom / (kills + 1)))
    killing = killing.then(kill)
    await killing
  }
  // Nobody talks much faster than answers come: what waits is bounded, as among people.
  if (said.size % 50 < burstMax) while ((await open().catch(() => 0)) > waitingMax) await sleep(100)
  if (said.size >= calmFrom && said.size - (memory.at(-1)?.messages ?? 0) >= wanted * 0.05) {
    await untilSettled(60_000)
    memory.push(await weigh(memory.length % 4 === 0))
  }
}
await killing
for (const network of networks) network.faults.length = 0
await untilSettled(120_000)
// What a network brings again after its last accident is brought within this.
await sleep(2_000)
await untilSettled(60_000)
memory.push(await weigh(true))
const seconds = Math.round((Date.now() - startedAt) / 1_000)

/** What is wrong, in words. */
const wrong: string[] = []
const database = await openSqlite(join(gateway.stateDir, 'sessions', 'moltbot.db'), { readOnly: true })
const byTag = new Map<string, { end_state: string | null; end_detail: string | null; turn_id: string | null }[]>()
for (const row of database.prepare('SELECT message, end_state, end_detail, turn_id FROM inbox').all() as unknown as { message: string; end_state: string | null; end_detail: string | null; turn_id: string | null }[]) {
  const tag = tagOf((JSON.parse(row.message) as { text: string }).text) ?? ''
  byTag.set(tag, [...(byTag.get(tag) ?? []), row])
}
const answers = new Map<string, number>()
const shown = new Map<string, string[]>()
for (const network of networks) {
  for (const { person, text } of network.seen()) {
    const tag = tagOf(text)
    if (tag === undefined || !wholeAnswer(text, tag)) {
      wrong.push(`${network.name} shows "${text.slice(0, 120)}"`)
      continue
    }
    if (said.get(tag)?.network !== network || said.get(tag)?.person !== person) wrong.push(`${tag}: answered in another chat`)
    answers.set(tag, (answers.get(tag) ?? 0) + 1)
    if (answers.get(tag) === 1) shown.set(`${network.letter}${person}`, [...(shown.get(`${network.letter}${person}`) ?? []), tag])
  }
}
let gone = 0
let marked = 0
let twice = 0
for (const [tag, one] of said) {
  const rows = byTag.get(tag) ?? []
  if (rows.length === 0 && excused(one)) {
    gone += 1
    continue
  }
  if (rows.length !== 1) wrong.push(`${tag}: ${rows.length} rows`)
  const [row] = rows
  if (row === undefined) continue
  if (row.end_state !== 'answered') wrong.push(`${tag}: ended ${String(row.end_state)} (${String(row.end_detail)})`)
  const deliveries = database.prepare('SELECT state, resent FROM deliveries WHERE turn_id = ?').all(row.turn_id)
  for (const delivery of deliveries) if (delivery['state'] !== 'sent' && delivery['state'] !== 'ambiguous') wrong.push(`${tag}: a delivery ended ${String(delivery['state'])}`)
  const uncertain = deliveries.some((delivery) => Number(delivery['resent']) > 0 || delivery['state'] === 'ambiguous')
  if (uncertain) marked += 1
  const times = answers.get(tag) ?? 0
  if (times === 0 && !deliveries.some((delivery) => delivery['state'] === 'ambiguous')) wrong.push(`${tag}: no answer in the chat`)
  if (times > 1) twice += 1
  if (times > 1 && !uncertain) wrong.push(`${tag}: ${times} answers in the chat and no mark`)
}
for (const [who, tags] of shown) {
  const numbers = tags.map((tag) => Number(tag.split('-')[1]))
  const late = numbers.findIndex((number, index) => index > 0 && number < (numbers[index - 1] ?? 0))
  if (late > 0) wrong.push(`${who}: answers out of order: ${numbers.slice(Math.max(0, late - 3), late + 5).join(' ')}`)
}
const open_ = Number(database.prepare('SELECT COUNT(*) AS n FROM deliveries WHERE settled_at IS NULL').get()?.['n'])
if (open_ > 0) wrong.push(`${open_} deliveries that are not settled`)
const collected = memory.flatMap((weight) => weight.collected ?? [])
const growthOf = (amounts: number[]): number => Math.max(...amounts) - (amounts[0] ?? 0)
const [alive, held] = [growthOf(collected.map((weight) => weight.alive)), growthOf(collected.map((weight) => weight.held))]
if (alive > aliveGrowthMaxMb) wrong.push(`what is alive in memory grew by ${alive} MB`)
if (held > heldGrowthMaxMb) wrong.push(`memory that is held after a collection grew by ${held} MB`)
database.close()
await gateway.stop()
await Promise.all([model.close(), six.close()])

console.log(`${said.size} messages in ${seconds} s, ${killedAt.length} kills: ${networks.map(({ name, letter }) => `${[...said.keys()].filter((tag) => tag.startsWith(letter)).length} ${name}`).join(', ')}`)
console.log(`uncertain sends marked: ${marked}; of these seen twice in the chat: ${twice}; handed over by Signal's daemon in the moment of a kill: ${gone}`)
const inWords = ({ messages, counted, collected: left }: Weight): string => `${counted} MB after ${messages}${left === undefined ? '' : ` (${left.held} MB collected, ${left.alive} MB alive)`}`
console.log(`memory without kills: ${memory.map(inWords).join(', ')}`)
if (six.whatsapp.unreadable.length > 0) console.log(`messages a telephone could not open and asked for again: ${six.whatsapp.unreadable.length}`)
for (const sentence of wrong.slice(0, 30)) console.log(`✗ ${sentence}`)
if (wrong.length === 0) gateway.remove()
else console.log(`state kept in ${gateway.home}`)
console.log(wrong.length === 0 ? `✓ every message has its end` : `${wrong.length} wrong`)
process.exit(wrong.length === 0 ? 0 : 1)
