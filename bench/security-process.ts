/**
 * A gateway in a process of its own that tells what its security took of a message. It is the product from its source, composed by its
 * own composer; around some of its methods stands a stopwatch. What offers no place for a stopwatch is done again after the message,
 * with the very inputs. Speaks with the bench over the process channel: `[model, telegram]` are its arguments.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownerPrincipal, type IncomingMessage, type Store } from '@moltbot/contract'
import { bearingStore, during } from '../gateway/src/foundation/audit/index.ts'
import { hideSecrets } from '../gateway/src/foundation/log/index.ts'
import { createRedactor } from '../gateway/src/foundation/log/redactor.ts'
import { withdrawableStore } from '../gateway/src/api/index.ts'
import { hidePasted } from '../gateway/src/journey/inbox/hide-pasted.ts'
import { createFileLabels } from '../gateway/src/journey/sandbox/index.ts'
import { startGateway } from '../gateway/src/main.ts'
import { configUnderTest, gatewayToken, telegramToken } from './gateway-under-test.ts'
import type { SecurityWork } from './measure-security.ts'
import { covered, type Span } from './statistics.ts'

const [model = '', telegram = ''] = process.argv.slice(2)
const home = mkdtempSync(join(tmpdir(), 'moltbot-security-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))
const stateDir = join(home, '.moltbot')
const workspace = join(stateDir, 'workspace')
mkdirSync(workspace, { recursive: true, mode: 0o700 })
writeFileSync(join(workspace, 'notes.md'), 'Milk, bread, a birthday card.\n')
writeFileSync(join(stateDir, 'moltbot.json'), JSON.stringify(configUnderTest({ model, telegram })), { mode: 0o600 })
const gateway = await startGateway({ stateDir, environment: {}, version: '0.0.0-bench', uiDir: undefined, vaultKeyFile: join(home, 'vault.key'), port: 0 })
const { rooms, journey } = gateway

let spans: Span[] = []
let received: IncomingMessage[] = []
let transactions = 0
let rows = 0
let turns = 0
let judged = 0

/** Puts a stopwatch around methods; of one that answers later, until it has. */
function watch<K extends string>(object: { [name in K]: (...args: never[]) => unknown }, ...names: K[]): void {
  for (const name of names) {
    const work = object[name] as (...args: unknown[]) => unknown
    const timed = (...args: unknown[]): unknown => {
      const startedAt = performance.now()
      const end = (): void => void spans.push([startedAt, performance.now()])
      const result = work.apply(object, args)
      if (result instanceof Promise) return result.finally(end)
      end()
      return result
    }
    Object.assign(object, { [name]: timed })
  }
}

/** Hears of each call of a method before it is made. */
function hear<O extends object, K extends keyof O>(object: O, name: K, heard: (...args: O[K] extends (...args: infer A) => unknown ? A : never) => void): void {
  const work = object[name] as (...args: unknown[]) => unknown
  Object.assign(object, { [name]: (...args: unknown[]): unknown => {
    (heard as (...args: unknown[]) => void)(...args)
    return work.apply(object, args)
  } })
}

watch(journey.guard, 'judgeMessage', 'judgeIn', 'judge')
watch(journey.audit, 'append')
watch(rooms.clock, 'now')
const { knownAddresses } = journey.guard
Object.assign(journey.guard, { knownAddresses: () => {
  const startedAt = performance.now()
  const known = knownAddresses()
  watch(known, 'read', 'said', 'knows', 'reached')
  spans.push([startedAt, performance.now()])
  turns += 1
  return known
} })
hear(journey.guard, 'judgeMessage', () => { judged += 1 })
hear(journey.audit, 'append', () => { rows += 1 })
hear(journey.inbox, 'accept', (_tx, incoming) => { received.push(incoming) })
hear(rooms.store, 'transaction', () => { transactions += 1 })

const redactor = createRedactor(() => rooms.clock.now(), () => undefined)
for (const secret of [gatewayToken, telegramToken, 'bench-key']) redactor.hide(secret)
const labels = createFileLabels({ store: rooms.store, clock: rooms.clock })
const nothing: Store = { read: rooms.store.read, close: () => Promise.resolve(), transaction: (work) => work(undefined as never) }
const wrapped = bearingStore(withdrawableStore(nothing))
const logFile = rooms.logs.file
let logRead = readFileSync(logFile).length

/** The work without a place for a stopwatch, once more. Resolves with its milliseconds. */
async function again(lines: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  for (const message of received) hidePasted(message, hideSecrets)
  for (const line of lines) redactor.redact(line)
  for (let turn = 0; turn < turns; turn += 1) {
    await journey.guard.principal(ownerPrincipal)
    await labels.any(workspace)
    await labels.isStrange(workspace, 'notes.md')
  }
  // What a message's record entries bear is given on by: its call, its way in, its route and its turn.
  for (const place of ['call', 'way in', 'route', 'turn']) await during({ place }, () => Promise.resolve())
  await during({ place: 'turn' }, async () => {
    for (let count = 0; count < transactions; count += 1) await wrapped.transaction(() => Promise.resolve())
  })
  return performance.now() - startedAt
}

async function report(): Promise<SecurityWork> {
  const log = readFileSync(logFile)
  const lines = log.subarray(logRead).toString('utf8').split('\n').filter((line) => line !== '')
  logRead = log.length
  const live = covered(spans)
  const work = { live, again: await again(lines), rows, lines: lines.length, transactions, whole: received.length > 0 && judged > 0 && turns > 0 && transactions > 0 }
  spans = []
  received = []
  transactions = rows = turns = judged = 0
  return work
}

process.on('message', () => void report().then((work) => process.send?.(work)))
process.on('disconnect', () => void gateway.close().then(() => process.exit(0)))
process.send?.({ port: gateway.port })
