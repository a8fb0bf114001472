import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditVerification, ConfigView, Sql, Store } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { auditMigrations, auditNouns, auditSection, createAudit, createRecord, openRecord, type AuditEntry, type AuditRoom, type RecordKeeper } from '../../gateway/src/foundation/audit/index.ts'
import { createIds, openSqlite } from '../../gateway/src/foundation/platform/index.ts'
import { createSqliteStore, openStore } from '../../gateway/src/foundation/storage/index.ts'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { bundleProgram } from '../support/bundle-program.ts'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

const key = Buffer.alloc(32, 9)
const source = { version: '1', host: 'here' }
const home = mkdtempSync(join(tmpdir(), 'moltbot-aud-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A record on disk with its keeper, in a folder of its own. */
interface World { folder: string; file: string; anchorFile: string; clock: FakeClock; store: Store; audit: AuditRoom; record: RecordKeeper; close(): Promise<void> }
const effects = { name: '0003-effects', sql: 'CREATE TABLE effects (number INTEGER PRIMARY KEY)' }
let count = 0

async function openWorld(folder: string, options: { clock?: FakeClock; audit?: Record<string, unknown>; key?: Buffer } = {}): Promise<World> {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'state', 'moltbot.db')
  const anchorFile = join(folder, 'anchor.jsonl')
  const clock = options.clock ?? new FakeClock(Date.UTC(2026, 10, 22, 12))
  const values = Value.Default(auditSection.schema, {}) as Record<string, unknown>
  const config = { get: () => ({ ...values, ...options.audit }), onChange: () => () => undefined, healthy: () => true } as unknown as ConfigView
  const store = await openStore({ file, migrations: [...auditMigrations, effects], now: () => clock.now() })
  const audit = createAudit({ store, clock, newId: createIds(() => clock.now()), key: options.key ?? key })
  const record = createRecord({ audit, store, config, clock, log: memoryLogger(), fetch, stateDir: 'S', anchorFile, source, pid: 1 })
  await record.start()
  return {
    folder, file, anchorFile, clock, store, audit, record,
    async close() {
      await record.close()
      await store.close()
    },
  }
}
const newWorld = (options?: Parameters<typeof openWorld>[1]): Promise<World> => openWorld(join(home, String((count += 1))), options)
const entry = (number: number, more: Partial<AuditEntry> = {}): AuditEntry => ({ act: 'pairing.approved', principal: 'owner' as never, subject: `subject ${number}`, outcome: 'done', reason: 'because', ...more })

async function write(world: World, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number += 1) await world.store.transaction((tx) => world.audit.append(tx, entry(number)))
  await world.record.checkpoint()
}

/** A record of 60 entries with anchors at 20, 40 and 60, at rest; and what it was after 40. */
let rest: string
beforeAll(async () => {
  const world = await newWorld()
  rest = world.folder
  await write(world, 1, 20)
  await write(world, 21, 40)
  await world.close()
  cpSync(join(rest, 'state'), join(rest, 'older'), { recursive: true })
  const again = await openWorld(rest)
  await write(again, 41, 60)
  await again.close()
})

type Verify = (read: Sql, folder: string, anchorFile: string) => Promise<AuditVerification>
const realVerify: Verify = async (read, _, anchorFile) =>
  (await openRecord({ read, key, stateDir: 'S', anchor: '', anchorFile, source, close: async () => undefined })).verify({})

interface Attack { name: string; fault: string; at: number | null; sql?: string; files?: (folder: string) => void; goOn?: number }
const shift = (by: number, where: string): string => `UPDATE audit SET seq = seq + 100000 WHERE ${where}; UPDATE audit SET seq = seq - 100000 + ${by} WHERE seq > 90000`
const copyOf = (seq: number, as: number): string => `INSERT INTO audit (id, seq, at, act, principal, subject, outcome, reason, facts, place, correlation, mac) SELECT 'zz-copy', ${as}, at, act, principal, subject, outcome, reason, facts, place, correlation, mac FROM audit WHERE seq = ${seq}`
const attacks: Attack[] = [
  ...['subject', 'reason', 'act', 'outcome', 'principal', 'id', 'place', 'correlation', 'facts'].map((column) => ({ name: `alter ${column}`, fault: 'edited', at: 30, sql: `UPDATE audit SET ${column} = 'changed' WHERE seq = 30` })),
  { name: 'alter the time', fault: 'edited', at: 30, sql: 'UPDATE audit SET at = at + 1 WHERE seq = 30' },
  { name: 'alter the mac', fault: 'edited', at: 30, sql: "UPDATE audit SET mac = 'AAAA' WHERE seq = 30" },
  { name: 'alter the last', fault: 'edited', at: 60, sql: "UPDATE audit SET reason = 'changed' WHERE seq = 60" },
  { name: 'delete one', fault: 'deleted', at: 30, sql: 'DELETE FROM audit WHERE seq = 30' },
  { name: 'delete the first', fault: 'deleted', at: 1, sql: 'DELETE FROM audit WHERE seq = 1' },
  { name: 'delete one and renumber', fault: 'deleted', at: 30, sql: `DELETE FROM audit WHERE seq = 30; ${shift(-1, 'seq > 30')}` },
  { name: 'delete five and renumber', fault: 'deleted', at: 30, sql: `DELETE FROM audit WHERE seq BETWEEN 30 AND 34; ${shift(-5, 'seq > 34')}` },
  { name: 'insert a made-up one', fault: 'inserted', at: 30, sql: `${shift(1, 'seq >= 30')}; ${copyOf(10, 30)}; UPDATE audit SET mac = 'BBBB' WHERE id = 'zz-copy'` },
  { name: 'duplicate in place', fault: 'inserted', at: 31, sql: `${shift(1, 'seq > 30')}; ${copyOf(30, 31)}` },
  { name: 'duplicate under the same place', fault: 'inserted', at: 30, sql: `DROP INDEX audit_seq; ${copyOf(30, 30)}` },
  { name: 'append a made-up one', fault: 'edited', at: 61, sql: copyOf(60, 61) },
  { name: 'swap two neighbours', fault: 'reordered', at: 30, sql: 'UPDATE audit SET seq = 99 WHERE seq = 30; UPDATE audit SET seq = 30 WHERE seq = 31; UPDATE audit SET seq = 31 WHERE seq = 99' },
  { name: 'swap two far apart', fault: 'reordered', at: 10, sql: 'UPDATE audit SET seq = 99 WHERE seq = 10; UPDATE audit SET seq = 10 WHERE seq = 50; UPDATE audit SET seq = 50 WHERE seq = 99' },
  { name: 'move one to the end', fault: 'reordered', at: 10, sql: 'UPDATE audit SET seq = 61 WHERE seq = 10' },
  { name: 'drop the last five', fault: 'truncated', at: 56, sql: 'DELETE FROM audit WHERE seq > 55' },
  { name: 'drop the last five with their checkpoints', fault: 'restored', at: 56, sql: 'DELETE FROM audit WHERE seq > 55; DELETE FROM audit_checkpoints WHERE seq > 55' },
  { name: 'drop the last five and go on', fault: 'truncated', at: 41, sql: 'DELETE FROM audit WHERE seq > 55', goOn: 10 },
  { name: 'drop everything', fault: 'truncated', at: 1, sql: 'DELETE FROM audit' },
  { name: 'drop the checkpoints', fault: 'checkpoint', at: 1, sql: 'DELETE FROM audit_checkpoints' },
  { name: 'alter a checkpoint', fault: 'checkpoint', at: 40, sql: 'UPDATE audit_checkpoints SET at = at + 1 WHERE seq = 40' },
  { name: 'claim that the beginning was pruned', fault: 'checkpoint', at: 40, sql: "DELETE FROM audit WHERE seq <= 40; UPDATE audit_checkpoints SET kind = 'pruned' WHERE seq = 40" },
  { name: 'put an older copy back', fault: 'restored', at: 41, files: (folder) => replaceState(folder, join(rest, 'older')) },
  { name: 'put an older copy back and go on', fault: 'restored', at: 41, files: (folder) => replaceState(folder, join(rest, 'older')), goOn: 40 },
  { name: 'replace the whole file', fault: 'replaced', at: 1, files: (folder) => rmSync(join(folder, 'state'), { recursive: true }), goOn: 70 },
]
function replaceState(folder: string, by: string): void {
  rmSync(join(folder, 'state'), { recursive: true })
  cpSync(by, join(folder, 'state'), { recursive: true })
}

/** Makes each attack on a copy of the record and tells which the verifier does not name, with what it says instead. */
async function missed(verify: Verify, of: readonly Attack[]): Promise<string[]> {
  const wrong: string[] = []
  for (const attack of of) {
    const folder = join(home, String((count += 1)))
    cpSync(rest, folder, { recursive: true })
    attack.files?.(folder)
    const file = join(folder, 'state', 'moltbot.db')
    if (attack.sql !== undefined) {
      const database = await openSqlite(file)
      database.exec(attack.sql)
      database.close()
    }
    if (attack.goOn !== undefined) {
      const world = await openWorld(folder, { clock: new FakeClock(Date.UTC(2026, 10, 23)) })
      await write(world, 1, attack.goOn)
      await world.close()
    }
    const database = await openSqlite(file, { readOnly: true })
    const found = await verify(createSqliteStore(database, database).read, folder, join(folder, 'anchor.jsonl'))
    database.close()
    if (found.ok || found.fault !== attack.fault || found.at !== attack.at || found.sentence === '' || found.next === null) wrong.push(`${attack.name}: ${found.fault ?? 'whole'} at ${found.at}: ${found.sentence}`)
    rmSync(folder, { recursive: true, force: true })
  }
  return wrong
}

describe('AUD-01: changing, removing, reordering, rolling back', () => {
  it('an untouched record is whole and compared with its anchors', async () => {
    const database = await openSqlite(join(rest, 'state', 'moltbot.db'), { readOnly: true })
    expect(await realVerify(createSqliteStore(database, database).read, rest, join(rest, 'anchor.jsonl'))).toMatchObject({ ok: true, rows: 60, from: 1, to: 60, anchors: 4, fault: null, at: null })
    database.close()
  })

  it('names what was done and the first place, for every way', async () => {
    expect(await missed(realVerify, attacks)).toEqual([])
  })

  it('a start says so in log and record when the end is missing', async () => {
    const folder = join(home, String((count += 1)))
    cpSync(rest, folder, { recursive: true })
    replaceState(folder, join(rest, 'older'))
    const world = await openWorld(folder)
    expect((await world.record.log({ kind: 'record' })).lines).toMatchObject([{ act: 'record.doubted', outcome: 'failed', facts: { fault: 'restored', at: 41 } }])
    await world.close()
  })

  it('rows that vanish under a running gateway leave a gap that is found', async () => {
    const world = await newWorld()
    await write(world, 1, 10)
    const database = await openSqlite(world.file)
    database.exec('DELETE FROM audit WHERE seq > 7')
    database.close()
    await write(world, 11, 15)
    expect(await world.record.verify({})).toMatchObject({ ok: false, fault: 'deleted', at: 8 })
    await world.close()
  })

  it('what a person accepts is whole from then on, and the next fault shows', async () => {
    const folder = join(home, String((count += 1)))
    cpSync(rest, folder, { recursive: true })
    replaceState(folder, join(rest, 'older'))
    const world = await openWorld(folder, { clock: new FakeClock(Date.UTC(2026, 10, 23)) })
    expect(await world.record.verify({ accept: { by: 'owner' as never } })).toMatchObject({ ok: false, fault: 'restored' })
    expect(await world.record.verify({})).toMatchObject({ ok: true })
    await write(world, 1, 5)
    expect(await world.record.verify({})).toMatchObject({ ok: true, rows: 5 })
    await world.store.transaction((tx) => tx.run('UPDATE audit SET reason = ? WHERE seq = (SELECT MAX(seq) FROM audit)', 'x'))
    expect(await world.record.verify({})).toMatchObject({ ok: false, fault: 'edited' })
    await world.close()
  })

  it('another key can neither forge nor judge it', async () => {
    const database = await openSqlite(join(rest, 'state', 'moltbot.db'), { readOnly: true })
    const { read } = createSqliteStore(database, database)
    const other = await openRecord({ read, key: Buffer.alloc(32, 1), stateDir: 'S', anchor: '', anchorFile: join(rest, 'anchor.jsonl'), source, close: async () => undefined })
    expect(await other.verify({})).toMatchObject({ ok: false, fault: 'key' })
    const none = await openRecord({ read, key: undefined, stateDir: 'S', anchor: '', anchorFile: join(rest, 'anchor.jsonl'), source, close: async () => undefined })
    await expect(none.verify({})).rejects.toMatchObject({ code: 'audit-key-missing' })
    database.close()
  })

  it('a key that is lost for good is no end: what a person accepts is verified under the new one', async () => {
    const folder = join(home, String((count += 1)))
    cpSync(rest, folder, { recursive: true })
    const world = await openWorld(folder, { key: Buffer.alloc(32, 2), clock: new FakeClock(Date.UTC(2026, 10, 23)) })
    expect(await world.record.verify({ accept: { by: 'owner' as never } })).toMatchObject({ ok: false, fault: 'key' })
    await write(world, 1, 5)
    expect(await world.record.verify({})).toMatchObject({ ok: true, rows: 5 })
    await world.close()
  })
})

describe('AUD-01 twin: weaker verifiers are caught by the same attacks', () => {
  it('AUD-01 twin: one that goes by ids instead of places misses what was reordered', async () => {
    const orderBlind: Verify = (read, folder, anchorFile) => {
      let told = false
      const blind: Sql = {
        ...read,
        async all(query, ...values) {
          if (!query.includes('FROM audit WHERE seq >')) return read.all(query, ...values)
          if (told) return []
          told = true
          return (await read.all('SELECT * FROM audit WHERE seq > 0 ORDER BY id')).map((row, index) => ({ ...row, seq: index + 1 })) as never
        },
      }
      return realVerify(blind, folder, anchorFile)
    }
    expect((await missed(orderBlind, attacks.filter(({ fault }) => fault === 'reordered'))).length).toBe(3)
  })

  it('AUD-01 twin: one without anchors misses an older copy and a replaced file', async () => {
    const noAnchors: Verify = (read, folder) => realVerify(read, folder, join(folder, 'none'))
    const out = attacks.filter(({ fault }) => fault === 'restored' || fault === 'replaced')
    expect((await missed(noAnchors, out)).length).toBe(out.length)
  })
})

describe('AUD-02: a record that cannot be written', () => {
  /** A store on a disk of so many pages; writes effects with their record until it is full. */
  async function untilFull(append: (tx: Parameters<AuditRoom['append']>[0], audit: AuditRoom, number: number) => Promise<void>): Promise<{ failed: number; effects: number; entries: number }> {
    const clock = new FakeClock()
    const database = await openSqlite(join(home, `${(count += 1)}.db`))
    for (const { sql } of [...auditMigrations, effects]) database.exec(sql)
    const store = createSqliteStore(database, database)
    const audit = createAudit({ store, clock, newId: createIds(() => clock.now()), key })
    const pages = Number(Object.values(database.prepare('PRAGMA page_count').get() ?? {})[0])
    database.exec(`PRAGMA max_page_count = ${pages + 12}`)
    let failed = 0
    for (let number = 1; number <= 300; number += 1) {
      await store.transaction(async (tx) => {
        await tx.run('INSERT INTO effects (number) VALUES (?)', number)
        await append(tx, audit, number)
      }).catch(() => { failed += 1 })
    }
    const counts = await store.read.get('SELECT (SELECT COUNT(*) FROM effects) AS effects, (SELECT COUNT(*) FROM audit) AS entries')
    await store.close()
    return { failed, effects: Number(counts?.['effects']), entries: Number(counts?.['entries']) }
  }

  it('on a full disk no effect is left without its entry', async () => {
    const ended = await untilFull((tx, audit, number) => audit.append(tx, entry(number)))
    expect(ended.failed).toBeGreaterThan(0)
    expect(ended.effects).toBeGreaterThan(0)
    expect(ended.entries).toBe(ended.effects)
  })

  it('AUD-02 twin: a record whose failures are swallowed leaves effects alone, and the comparison sees it', async () => {
    const ended = await untilFull((tx, audit, number) => audit.append(tx, entry(number, { facts: { filler: 'x'.repeat(3_000) } })).catch(() => undefined))
    expect(ended.effects).toBeGreaterThan(ended.entries)
  })

  it('a gateway whose record cannot be written refuses what is privileged, and does it again once it can', async () => {
    const at = await startTestGateway({ telegram: false })
    const client = await at.connect()
    await at.gateway.rooms.store.transaction((tx) => tx.run("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"))
    await expect(client.request('audit.log')).rejects.toThrow()
    await expect(at.gateway.rooms.guard.judge({ id: 'owner' as never, role: 'owner' }, { kind: 'call-method', method: 'config.set', scope: 'operator.admin' })).rejects.toThrow('disk I/O error')
    await at.gateway.rooms.store.transaction((tx) => tx.run('DROP TRIGGER full'))
    expect((await client.request('audit.verify'))['ok']).toBe(true)
    await at.close()
  })
})

describe('AUD-03: a kill between act and record', () => {
  const writer = `
    import { openStore } from './gateway/src/foundation/storage/index.ts'
    import { createIds, systemClock } from './gateway/src/foundation/platform/index.ts'
    import { auditMigrations, createAudit } from './gateway/src/foundation/audit/index.ts'
    const store = await openStore({ file: process.argv[2], migrations: [...auditMigrations, ${JSON.stringify(effects)}] })
    const audit = createAudit({ store, clock: systemClock, newId: createIds(() => Date.now()), key: Buffer.alloc(32, 9) })
    let number = Number((await store.read.get('SELECT COALESCE(MAX(number), 0) AS n FROM effects')).n)
    const one = () => { const mine = (number += 1); return store.transaction(async (tx) => {
      await tx.run('INSERT INTO effects (number) VALUES (?)', mine)
      await audit.append(tx, { act: 'job.ran', principal: null, subject: String(mine), outcome: 'done', reason: 'r' })
    }) }
    for (;;) { await Promise.all([one(), one(), one()]); process.stdout.write('.') }
  `
  const alone = `SELECT number FROM effects WHERE NOT EXISTS (SELECT 1 FROM audit WHERE subject = CAST(number AS TEXT) AND act = 'job.ran')
    UNION ALL SELECT CAST(subject AS INTEGER) FROM audit WHERE act = 'job.ran' AND NOT EXISTS (SELECT 1 FROM effects WHERE number = CAST(subject AS INTEGER))`

  it('leaves neither without the other, and the chain whole', async () => {
    const folder = join(home, String((count += 1)))
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'kill.db')
    const program = await bundleProgram({ text: writer })
    let before = 0
    for (let round = 1; round <= 3; round += 1) {
      const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'pipe'] })
      let said = ''
      child.stderr.on('data', (text: Buffer) => { said += text.toString() })
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      await new Promise<void>((resolve, reject) => {
        let commits = 0
        child.stdout.on('data', (text: Buffer) => { if ((commits += text.length) > round * 7) resolve() })
        child.once('exit', () => reject(new Error(said)))
      })
      child.kill('SIGKILL')
      await ended
      const store = await openStore({ file, migrations: [...auditMigrations, effects] })
      expect(await store.read.all(alone)).toEqual([])
      const verified = await (await openRecord({ read: store.read, key, stateDir: 'S', anchor: 'none', anchorFile: '', source, close: async () => undefined })).verify({})
      expect(verified.ok).toBe(true)
      expect(verified.rows).toBeGreaterThan(before)
      before = verified.rows
      await store.close()
    }
  })

  it('AUD-03 twin: an effect in a commit of its own is alone after a kill, and the comparison sees it', async () => {
    const world = await newWorld()
    await world.store.transaction((tx) => tx.run('INSERT INTO effects (number) VALUES (1)'))
    expect(await world.store.read.all(alone)).toEqual([{ number: 1 }])
    await world.close()
  })
})

/** What a line of the record must tell. */
function untold(line: Record<string, unknown>): string[] {
  const metadata = line['metadata'] as Record<string, unknown>
  const facts: Record<string, unknown> = {
    who: line['actor'], what: metadata['event_code'], where: line['device'], when: line['time'], outcome: line['status'], correlation: metadata['correlation_uid'], class: line['class_uid'], category: line['category_uid'],
    type: line['type_uid'], severity: line['severity_id'], activity: line['activity_id'], sequence: metadata['sequence'],
  }
  return Object.entries(facts).filter(([, value]) => value === undefined || value === null || value === '').map(([name]) => name)
}

describe('AUD-04: every kind of event', () => {
  it('each noun has a class, and its entry tells who, what, where, when, outcome and correlation', async () => {
    const world = await newWorld()
    const nouns = Object.keys(auditNouns) as (keyof typeof auditNouns)[]
    for (const noun of nouns) await world.store.transaction((tx) => world.audit.append(tx, entry(1, { act: `${noun}.tried`, place: '10.0.0.9', correlation: `tn-${noun}` })))
    const lines = (await world.record.export({ format: 'ocsf', limit: 1_000 })).lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map((line) => (line['metadata'] as { event_code: string }).event_code)).toEqual(nouns.map((noun) => `${noun}.tried`))
    expect(lines.flatMap(untold)).toEqual([])
    expect(lines.every((line) => (line['type_uid'] as number) === (line['class_uid'] as number) * 100 + (line['activity_id'] as number))).toBe(true)
    expect((await world.record.log({ kind: 'secret', limit: 1_000 })).lines.map(({ act }) => act)).toEqual(['secret.tried'])
    expect((await world.record.log({ kind: 'people', limit: 1_000 })).lines.length).toBe(nouns.filter((noun) => auditNouns[noun] === 'people').length)
    await world.close()
  })

  it('a gateway records strangers, pairing, refusals, commands, methods and tools', async () => {
    const at = await startTestGateway({ config: ownedBy1001 })
    const olga = personAt(at, 1001)
    const stranger = personAt(at, 2002)
    await stranger.ask('let me in')
    const [asked] = await at.gateway.rooms.guard.pending()
    if (asked === undefined) throw new Error('nobody asked')
    await at.gateway.rooms.guard.approve(asked.channel, asked.code, { via: 'cli', principal: 'owner' as never })
    await olga.ask('/status')
    at.model.use(inOrder([callTool('list', { path: '.' })], [say('done')]))
    await olga.ask('what is here?')
    await fetch(`http://127.0.0.1:${at.gateway.port}/v1/models`, { headers: { authorization: 'Bearer wrong' } })
    await fetch(`http://127.0.0.1:${at.gateway.port}/`, { headers: { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' }, method: 'POST' })
    const client = await at.connect()
    const page = await client.request('audit.export', { format: 'ocsf', limit: 1_000 })
    const lines = (page['lines'] as string[]).map((line) => JSON.parse(line) as Record<string, unknown>)
    const acts = new Set(lines.map((line) => (line['metadata'] as { event_code: string }).event_code))
    for (const act of ['pairing.requested', 'pairing.approved', 'use-tool.judged', 'call-method.judged', 'command.judged']) expect(acts, [...acts].join(' ')).toContain(act)
    expect(lines.flatMap(untold)).toEqual([])
    expect(await client.request('audit.verify')).toMatchObject({ ok: true, fault: null })
    await at.close()
  })

  it('AUD-04 twin: an entry without its actor or correlation is noticed', () => {
    expect(untold({ class_uid: 1, category_uid: 1, type_uid: 100, severity_id: 1, activity_id: 0, time: 1, status: 'Success', device: {}, metadata: { event_code: 'a.b', sequence: 1 } })).toEqual(['who', 'correlation'])
  })
})

describe('AUD-05: hostile text', () => {
  const hostile = ['line\nbreak', 'carriage\r\nreturn', '\u001b[2J\u001b]0;title\u0007', 'separator\u2028paragraph\u2029', 'bidi\u202Eevil\u2066', 'zero\u200Bwidth\uFEFF', 'nul\u0000byte', 'half \uD800 pair \uDC00', '{"seq":1}\n{"act":"forged"}', '\u009b31m', 'tag\u{E0041}', 'x'.repeat(1_000_000)]
  // oxlint-disable-next-line no-control-regex -- these must not be there
  const forges = /[\u0000-\u001F\u007F-\u009F\u200B\u2028\u2029\u202E\u2066\uFEFF\uD800-\uDFFF]|[\u{E0000}-\u{E007F}]/u
  const broken = (lines: readonly string[]): number => lines.join('\n').split('\n').filter((line) => forges.test(line) || line.length > 20_000 || !isJson(line)).length
  const isJson = (text: string): boolean => { try { return typeof JSON.parse(text) === 'object' } catch { return false } }

  it('is one escaped, capped line in every form, and the chain stays whole', async () => {
    const world = await newWorld()
    for (const text of hostile) {
      await world.store.transaction((tx) => world.audit.append(tx, { act: 'message.denied', principal: text as never, subject: text, outcome: 'deny', reason: text, place: text, correlation: text, facts: { [text.slice(0, 1_000)]: text, deep: [text] } }))
    }
    for (const format of ['jsonl', 'ocsf'] as const) {
      const { lines } = await world.record.export({ format })
      expect(lines.length).toBe(hostile.length)
      expect(broken(lines)).toBe(0)
    }
    expect(await world.record.verify({})).toMatchObject({ ok: true, rows: hostile.length })
    expect((await world.audit.about('line\nbreak')).length).toBe(1)
    await world.close()
  })

  it('AUD-05 twin: lines that are not escaped are caught', () => {
    expect(broken(hostile.map((text) => `{"subject":"${text}"}`))).toBeGreaterThanOrEqual(hostile.length)
  })
})

describe('AUD-06: a million events (here three thousand), midnight, a clock that jumps', () => {
  it('the chain goes on over restarts, jumps of the clock and retention', async () => {
    const clock = new FakeClock(Date.UTC(2026, 10, 1, 23, 59))
    const options = { clock, audit: { retentionDays: 2, checkpointEvery: { rows: 500, minutes: 60 } } }
    let world = await newWorld(options)
    for (let number = 1; number <= 3_000; number += 1) {
      await world.store.transaction((tx) => world.audit.append(tx, entry(number)))
      if (number % 100 === 0) await clock.advance(3_600_000 * 4)
      if (number === 1_500) {
        await world.close()
        const back = new FakeClock(clock.now() - 7_200_000)
        const away = await openWorld(world.folder, { ...options, clock: back })
        await away.store.transaction((tx) => away.audit.append(tx, entry(0, { reason: 'the clock went back' })))
        await away.close()
        world = await openWorld(world.folder, options)
      }
    }
    await world.record.prune()
    const verified = await world.record.verify({})
    expect(verified, verified.sentence).toMatchObject({ ok: true, fault: null })
    expect(verified.from).toBeGreaterThan(1_000)
    expect(verified.rows).toBe(verified.to - verified.from + 1)
    await world.close()
  })

  it('retention drops nothing that was changed before, and says no more than it knows', async () => {
    const clock = new FakeClock(Date.UTC(2026, 10, 1))
    const world = await newWorld({ clock, audit: { retentionDays: 1 } })
    await write(world, 1, 20)
    await world.store.transaction((tx) => tx.run("UPDATE audit SET reason = 'hidden' WHERE seq = 5"))
    await clock.advance(86_400_000 * 3)
    await write(world, 21, 25)
    expect(await world.record.prune()).toBe(0)
    expect(await world.record.verify({})).toMatchObject({ ok: false, fault: 'edited', at: 5 })
    await world.close()
  })

  it('AUD-06 twin: a beginning dropped without its signed checkpoint is a gap', async () => {
    const world = await newWorld()
    await write(world, 1, 20)
    await world.store.transaction((tx) => tx.run('DELETE FROM audit WHERE seq <= 10'))
    expect(await world.record.verify({})).toMatchObject({ ok: false, fault: 'deleted', at: 1 })
    await world.close()
  })
})

describe('AUD-07: reading and changing it from inside', () => {
  let at: TestGateway
  beforeAll(async () => { at = await startTestGateway({ config: ownedBy1001 }) })
  afterAll(() => at.close())

  it('the agent’s file tools reach neither database, nor anchor, nor key, by any path', async () => {
    const olga = personAt(at, 1001)
    await olga.ask('hello')
    await at.gateway.rooms.record?.verify({})
    const anchor = join(at.stateDir, '..', 'audit-anchor.jsonl')
    expect(existsSync(anchor)).toBe(true)
    const before = readFileSync(anchor, 'utf8')
    const targets = [
      '../sessions/moltbot.db', join(at.stateDir, 'sessions', 'moltbot.db'), '../sessions/moltbot.db-wal', 'x/../../sessions/moltbot.db', '../../audit-anchor.jsonl', anchor, join(at.stateDir, '..', 'vault.key'), '/proc/self/cwd/../sessions/moltbot.db',
    ]
    at.model.use(inOrder(
      targets.flatMap((path) => [callTool('read', { path }), callTool('write', { path, text: 'gone' })]),
      (request) => [say(request.messages.filter((message) => message.role === 'tool').slice(-targets.length * 2).map((message) => String(message.isError)).join(' '))],
    ))
    // What the model says comes first; the gateway adds what was not done.
    expect((await olga.chat('change the record')).split('\n')[0]).toBe(Array.from({ length: targets.length * 2 }, () => 'true').join(' '))
    expect(readFileSync(anchor, 'utf8').startsWith(before)).toBe(true)
    expect(await at.gateway.rooms.record?.verify({})).toMatchObject({ ok: true })
  })

  it('nobody without the administrator’s scope is told of it, and no method changes an entry', async () => {
    const { methods } = await import('../../gateway/src/api/methods/index.gen.ts')
    const own = methods.filter(({ name }) => name.startsWith('audit.'))
    expect(own.map(({ name, scope }) => [name, scope])).toEqual([['audit.export', 'operator.admin'], ['audit.log', 'operator.admin'], ['audit.verify', 'operator.admin']])
  })

  it('AUD-07 twin: a part that reaches the database all the same is found out', async () => {
    const database = await openSqlite(join(at.stateDir, 'sessions', 'moltbot.db'))
    database.exec("UPDATE audit SET reason = 'nothing happened' WHERE seq = 2")
    database.close()
    expect(await at.gateway.rooms.record?.verify({})).toMatchObject({ ok: false, fault: 'edited', at: 2 })
  })
})

describe('AUD-08: verifying a large one', () => {
  it('reads each of 30,000 entries once, a page at a time, with flat memory', async () => {
    const clock = new FakeClock()
    const store = await openStore({ file: join(home, 'large.db'), migrations: auditMigrations })
    const audit = createAudit({ store, clock, newId: createIds(() => clock.now()), key })
    for (let batch = 0; batch < 15; batch += 1) {
      await store.transaction(async (tx) => { for (let number = 0; number < 2_000; number += 1) await audit.append(tx, entry(number)) })
    }
    const measured = async (sql: Sql): Promise<{ read: number; largest: number; grown: number; found: AuditVerification }> => {
      let read = 0
      let largest = 0
      let peak = 0
      globalThis.gc?.()
      const base = process.memoryUsage().rss
      const counting: Sql = {
        ...sql,
        async all(query, ...values) {
          const rows = await sql.all(query, ...values)
          if (query.includes('FROM audit WHERE')) read += rows.length
          largest = Math.max(largest, rows.length)
          peak = Math.max(peak, process.memoryUsage.rss())
          return rows as never
        },
      }
      const found = await realVerify(counting, '', join(home, 'none'))
      return { read, largest, grown: (peak - base) / 1_048_576, found }
    }
    const { read, largest, grown, found } = await measured(store.read)
    expect(found).toMatchObject({ ok: true, rows: 30_000, to: 30_000 })
    expect(read).toBe(30_000)
    expect(largest).toBeLessThanOrEqual(1_000)
    expect(grown).toBeLessThan(150)
    await store.close()
  })

  it('AUD-08 twin: one that takes the whole record at once is seen by the size of its pages', async () => {
    const world = await newWorld()
    await world.store.transaction(async (tx) => { for (let number = 0; number < 1_500; number += 1) await world.audit.append(tx, entry(number)) })
    let largest = 0
    const whole: Sql = { ...world.store.read, all: async (query, ...values) => { const rows = await world.store.read.all(query.replace(/LIMIT 500$/, ''), ...values); largest = Math.max(largest, rows.length); return rows as never } }
    expect((await realVerify(whole, '', join(home, 'none'))).ok).toBe(true)
    expect(largest).toBeGreaterThan(1_000)
    await world.close()
  })
})

it('AUD-01: anchors are made by themselves, after so many entries and after so long', async () => {
  const world = await newWorld({ audit: { checkpointEvery: { rows: 10, minutes: 5 } } })
  const anchored = async (seq: number): Promise<void> => {
    for (const until = Date.now() + 60_000; !readFileSync(world.anchorFile, 'utf8').includes(`"seq":${seq},`); ) {
      if (Date.now() > until) throw new Error(`no anchor at ${seq}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  for (let number = 1; number <= 30; number += 1) {
    await world.store.transaction((tx) => world.audit.append(tx, entry(number)))
    if (number % 10 === 0) await anchored(number)
  }
  await world.store.transaction((tx) => world.audit.append(tx, entry(31)))
  await world.clock.advance(5 * 60_000)
  await anchored(31)
  await world.close()
})

it('AUD-01: an anchor file is the owner’s alone', async () => {
  const world = await newWorld()
  await write(world, 1, 1)
  const { statSync } = await import('node:fs')
  expect(statSync(world.anchorFile).mode & 0o777).toBe(0o600)
  writeFileSync(world.anchorFile, 'no anchor\n', { flag: 'a' })
  expect(await world.record.verify({})).toMatchObject({ ok: true })
  await world.close()
})
