import {
  Problem, noUsage, type AgentId, type ChatRef, type Clock, type Effect, type EntryBody, type EntryId, type Migration, type NewId, type PrincipalId, type Row,
  type SessionId, type SessionKey, type Sql, type Store, type ToolCallId, type TurnId, type TurnOutcome, type Tx, type Usage,
} from '@moltbot/contract'
import { agentOfKey } from './keys.ts'
import type { CallEnd, CallOutcome, ToolCallRow } from './tool-call.ts'
import type { EntryRow, SessionRow, SessionSettings } from './types.ts'

export const sessionsMigration: Migration = {
  name: '0001-sessions',
  sql: `CREATE TABLE sessions (key TEXT PRIMARY KEY, id TEXT NOT NULL, agent TEXT NOT NULL, principal TEXT NOT NULL, kind TEXT NOT NULL, last_chat TEXT,
          title TEXT, label TEXT UNIQUE, settings TEXT NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, last_user_at INTEGER,
          usage TEXT NOT NULL, context_tokens INTEGER NOT NULL DEFAULT 0, compactions INTEGER NOT NULL DEFAULT 0, system TEXT, system_hash TEXT);
        CREATE TABLE entries (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, seq INTEGER NOT NULL, principal TEXT NOT NULL, turn_id TEXT, body TEXT NOT NULL, at INTEGER NOT NULL,
          UNIQUE (session_id, seq));
        CREATE TABLE turns (id TEXT PRIMARY KEY, session_key TEXT NOT NULL, session_id TEXT NOT NULL, principal TEXT NOT NULL, state TEXT NOT NULL, chat TEXT NOT NULL,
          started_at INTEGER NOT NULL, ended_at INTEGER, deadline INTEGER NOT NULL, model TEXT, usage TEXT NOT NULL, outcome TEXT, text TEXT);
        CREATE INDEX turns_open ON turns (state) WHERE state = 'running';
        CREATE INDEX turns_session ON turns (session_key, started_at);
        CREATE TABLE tool_calls (turn_id TEXT NOT NULL, call_id TEXT NOT NULL, principal TEXT NOT NULL, name TEXT NOT NULL, input TEXT NOT NULL, state TEXT NOT NULL,
          started_at INTEGER NOT NULL, finished_at INTEGER, result TEXT, PRIMARY KEY (turn_id, call_id))`,
}

/** Which model was asked first, beside the one that answered. */
export const turnsWantedMigration: Migration = { name: '0002-sessions-turns-wanted', sql: 'ALTER TABLE turns ADD COLUMN wanted TEXT' }

/** What a call was to do, and how that ended. Calls of earlier have neither. */
export const callReceiptsMigration: Migration = {
  name: '0003-sessions-call-receipts',
  sql: `ALTER TABLE tool_calls ADD COLUMN effects TEXT; ALTER TABLE tool_calls ADD COLUMN outcome TEXT; ALTER TABLE tool_calls ADD COLUMN why TEXT`,
}

/** A turn as stored. `running` rows found at start belong to a gateway that died; they are continued. */
export interface TurnRow {
  id: TurnId
  sessionKey: SessionKey
  sessionId: SessionId
  principal: PrincipalId
  state: 'running' | 'done'
  chat: ChatRef
  startedAt: number
  endedAt: number | null
  /** When its time was to be up as it began. */
  deadline: number
  model: string | null
  /** The model that was to answer; another one in `model` took over from it. Null: never asked, or from before it was kept. */
  wanted: string | null
  usage: Usage
  outcome: TurnOutcome['kind'] | null
  text: string | null
}

/** All but the system prompt, which is kilobytes long and wanted by nobody who asks for a session. */
const sessionColumns = 'key, id, agent, principal, kind, last_chat, title, label, settings, created_at, updated_at, last_user_at, usage, context_tokens, compactions'

function toSession(row: Row): SessionRow {
  return {
    key: row['key'] as SessionKey,
    id: row['id'] as SessionId,
    agent: row['agent'] as AgentId,
    principal: row['principal'] as PrincipalId,
    kind: row['kind'] as SessionRow['kind'],
    lastChat: row['last_chat'] === null ? null : (JSON.parse(String(row['last_chat'])) as ChatRef),
    title: row['title'] as string | null,
    settings: { ...(JSON.parse(String(row['settings'])) as SessionSettings), ...(row['label'] === null ? {} : { label: String(row['label']) }) },
    createdAt: Number(row['created_at']),
    updatedAt: Number(row['updated_at']),
    lastUserAt: row['last_user_at'] as number | null,
    usage: JSON.parse(String(row['usage'])) as Usage,
    contextTokens: Number(row['context_tokens']),
    compactions: Number(row['compactions']),
  }
}

function toEntry(row: Row): EntryRow {
  const stored = String(row['body'])
  const body = JSON.parse(stored) as EntryBody
  lengths.set(body, stored.length)
  return {
    id: row['id'] as EntryId, seq: Number(row['seq']), sessionId: row['session_id'] as SessionId, turnId: row['turn_id'] as TurnId | null,
    body, at: Number(row['at']),
  }
}

function toTurn(row: Row): TurnRow {
  return {
    id: row['id'] as TurnId, sessionKey: row['session_key'] as SessionKey, sessionId: row['session_id'] as SessionId, principal: row['principal'] as PrincipalId,
    state: row['state'] as TurnRow['state'], chat: JSON.parse(String(row['chat'])) as ChatRef, startedAt: Number(row['started_at']), endedAt: row['ended_at'] as number | null, deadline: Number(row['deadline']),
    model: row['model'] as string | null, wanted: row['wanted'] as string | null, usage: JSON.parse(String(row['usage'])) as Usage, outcome: row['outcome'] as TurnRow['outcome'], text: row['text'] as string | null,
  }
}

export function addUsage(one: Usage, other: Usage): Usage {
  return {
    input: one.input + other.input, output: one.output + other.output, cacheRead: one.cacheRead + other.cacheRead, cacheWrite: one.cacheWrite + other.cacheWrite,
  }
}

/** How many sessions' entries stay in memory, and of how many entries each at most. */
const recentSessionsMax = 16
const recentEntriesMax = 4_000
/** And of how many characters, as stored, all of them together: pictures and results of tools can be large. */
const recentLengthMax = 8_000_000
/** How long an entry is as it is stored. */
const lengths = new WeakMap<EntryBody, number>()

export type Transcript = ReturnType<typeof createTranscript>

/** The tables of this room as named queries. The only file of the room that holds SQL. */
export function createTranscript(options: { store: Store; clock: Clock; newId: NewId }) {
  const { store, clock, newId } = options

  const session = async (on: Sql, key: SessionKey): Promise<SessionRow | undefined> => {
    const row = await on.get(`SELECT ${sessionColumns} FROM sessions WHERE key = ?`, key)
    return row === undefined ? undefined : toSession(row)
  }

  /** The session, made when it is not there yet. */
  const ensure = async (tx: Tx, key: SessionKey, facts: { principal: PrincipalId; kind: SessionRow['kind']; chat: ChatRef | null }): Promise<{ row: SessionRow; created: boolean }> => {
    const there = await session(tx, key)
    if (there !== undefined) return { row: there, created: false }
    const now = clock.now()
    const made = await tx.get(
      `INSERT INTO sessions (key, id, agent, principal, kind, last_chat, settings, created_at, started_at, updated_at, usage)
       VALUES (?, ?, ?, ?, ?, ?, '{}', ?, ?, ?, ?) RETURNING ${sessionColumns}`,
      key, newId('se'), agentOfKey(key), facts.principal, facts.kind, facts.chat === null ? null : JSON.stringify(facts.chat), now, now, now, JSON.stringify(noUsage),
    )
    if (made === undefined) throw new Problem('session-missing', `Session ${key} could not be made.`)
    return { row: toSession(made), created: true }
  }

  /** Live entries of the sessions spoken in last, the latest last. */
  const recent = new Map<SessionId, { rows: EntryRow[]; length: number }>()
  const remember = (id: SessionId, rows: EntryRow[]): void => {
    recent.delete(id)
    recent.set(id, { rows, length: rows.reduce((sum, { body }) => sum + (lengths.get(body) ?? 0), 0) })
    let inAll = [...recent.values()].reduce((sum, { length }) => sum + length, 0)
    for (const [oldest, { length }] of recent) {
      if (recent.size <= recentSessionsMax && inAll <= recentLengthMax) break
      recent.delete(oldest)
      inAll -= length
    }
  }
  const readLive = async (on: Sql, id: SessionId): Promise<EntryRow[]> => {
    const summary = await on.get(`SELECT seq, body FROM entries WHERE session_id = ? AND body LIKE '{"kind":"summary"%' ORDER BY seq DESC LIMIT 1`, id)
    if (summary === undefined) return (await on.all('SELECT * FROM entries WHERE session_id = ? ORDER BY seq', id)).map(toEntry)
    const body = JSON.parse(String(summary['body'])) as Extract<EntryBody, { kind: 'summary' }>
    const rows = await on.all('SELECT * FROM entries WHERE session_id = ? AND (seq >= ? OR seq = ?) ORDER BY seq', id, body.keptFrom, summary['seq'] ?? 0)
    return rows.map(toEntry)
  }

  return {
    session,
    ensure,
    /** Gives a session nobody spoke in yet to its first speaker. False: someone did speak. */
    async adopt(tx: Tx, key: SessionKey, facts: { principal: PrincipalId; kind: SessionRow['kind']; chat: ChatRef }): Promise<boolean> {
      return (await tx.run('UPDATE sessions SET principal = ?, kind = ?, last_chat = ? WHERE key = ? AND last_chat IS NULL', facts.principal, facts.kind, JSON.stringify(facts.chat), key)) === 1
    },
    async startedAt(on: Sql, key: SessionKey): Promise<number> {
      return Number((await on.get('SELECT started_at FROM sessions WHERE key = ?', key))?.['started_at'] ?? 0)
    },
    async list(filter: { agent?: AgentId; search?: string; limit?: number; activeSince?: number }): Promise<SessionRow[]> {
      const like = `%${(filter.search ?? '').toLowerCase().replace(/[%_]/g, '')}%`
      const rows = await store.read.all(
        `SELECT ${sessionColumns} FROM sessions WHERE (? IS NULL OR agent = ?) AND updated_at >= ? AND (? = '%%' OR lower(key) LIKE ? OR lower(COALESCE(title, '')) LIKE ? OR lower(COALESCE(label, '')) LIKE ?)
         ORDER BY updated_at DESC, key LIMIT ?`,
        filter.agent ?? null, filter.agent ?? null, filter.activeSince ?? 0, like, like, like, like, filter.limit ?? 1000,
      )
      return rows.map(toSession)
    },
    async touch(tx: Tx, key: SessionKey, facts: { chat?: ChatRef; title?: string; lastUserAt?: number; usage?: Usage; contextTokens?: number; compactions?: number }): Promise<void> {
      const row = await session(tx, key)
      if (row === undefined) return
      await tx.run(
        `UPDATE sessions SET updated_at = ?, last_chat = COALESCE(?, last_chat), title = COALESCE(title, ?), last_user_at = COALESCE(?, last_user_at), usage = ?,
           context_tokens = COALESCE(?, context_tokens), compactions = compactions + ? WHERE key = ?`,
        clock.now(), facts.chat === undefined ? null : JSON.stringify(facts.chat), facts.title ?? null, facts.lastUserAt ?? null,
        JSON.stringify(facts.usage === undefined ? row.usage : addUsage(row.usage, facts.usage)), facts.contextTokens ?? null, facts.compactions ?? 0, key,
      )
    },
    async saveSettings(tx: Tx, key: SessionKey, settings: SessionSettings): Promise<void> {
      const { label, ...rest } = settings
      if (label !== undefined) {
        const other = await tx.get('SELECT key FROM sessions WHERE label = ? AND key <> ?', label, key)
        if (other !== undefined) throw new Problem('label-taken', `label already in use: ${label}`, { next: 'Choose another name.' })
      }
      await tx.run('UPDATE sessions SET settings = ?, label = ?, updated_at = ? WHERE key = ?', JSON.stringify(rest), label ?? null, clock.now(), key)
    },
    async restart(tx: Tx, key: SessionKey): Promise<void> {
      const now = clock.now()
      await tx.run(
        'UPDATE sessions SET id = ?, started_at = ?, updated_at = ?, title = NULL, usage = ?, context_tokens = 0, compactions = 0, system = NULL, system_hash = NULL, last_user_at = NULL WHERE key = ?',
        newId('se'), now, now, JSON.stringify(noUsage), key,
      )
    },
    /** Entries, calls and the text of answers go; that there were turns, and what they cost, stays. Resolves with those turns; undefined: there was no such session. */
    async remove(tx: Tx, key: SessionKey, id: SessionId): Promise<TurnId[] | undefined> {
      const turns = (await tx.all<{ id: TurnId }>('SELECT id FROM turns WHERE session_key = ?', key)).map((row) => row.id)
      for (const turn of turns) await tx.run('DELETE FROM tool_calls WHERE turn_id = ?', turn)
      await tx.run('UPDATE turns SET text = NULL WHERE session_key = ?', key)
      await tx.run('DELETE FROM entries WHERE session_id = ?', id)
      tx.afterCommit(() => void recent.delete(id))
      return (await tx.run('DELETE FROM sessions WHERE key = ?', key)) === 1 ? turns : undefined
    },
    async system(on: Sql, key: SessionKey): Promise<{ text: string; hash: string } | undefined> {
      const row = await on.get('SELECT system, system_hash FROM sessions WHERE key = ?', key)
      return row === undefined || row['system'] === null ? undefined : { text: String(row['system']), hash: String(row['system_hash']) }
    },
    async saveSystem(tx: Tx, key: SessionKey, text: string, hash: string): Promise<void> {
      await tx.run('UPDATE sessions SET system = ?, system_hash = ? WHERE key = ?', text, hash, key)
    },
    async append(tx: Tx, sessionId: SessionId, principal: PrincipalId, turnId: TurnId | null, body: EntryBody): Promise<EntryRow> {
      const entry = { id: newId('en') as EntryId, sessionId, turnId, body, at: clock.now() }
      const written = await tx.get(
        `INSERT INTO entries (id, session_id, seq, principal, turn_id, body, at)
         VALUES (?, ?, (SELECT COALESCE(MAX(seq), 0) + 1 FROM entries WHERE session_id = ?), ?, ?, ?, ?) RETURNING seq`,
        entry.id, sessionId, sessionId, principal, turnId, JSON.stringify(body), entry.at,
      )
      return { ...entry, seq: Number(written?.['seq']) }
    },
    async tail(id: SessionId, limit: number): Promise<EntryRow[]> {
      return (await store.read.all('SELECT * FROM entries WHERE session_id = ? ORDER BY seq DESC LIMIT ?', id, limit)).map(toEntry).reverse()
    },
    /**
     * The entries the next prompt is made of: the last summary and what it kept, or everything. Committed entries never change, so
     * those of the sessions spoken in last are kept in memory and only what came since is read.
     */
    async live(on: Sql, id: SessionId): Promise<EntryRow[]> {
      if (on !== store.read) return readLive(on, id)
      const known = recent.get(id)?.rows
      if (known === undefined) {
        const rows = await readLive(on, id)
        if (rows.length <= recentEntriesMax) remember(id, rows)
        return [...rows]
      }
      const fresh = (await on.all('SELECT * FROM entries WHERE session_id = ? AND seq > ? ORDER BY seq', id, known.at(-1)?.seq ?? 0)).map(toEntry)
      if (fresh.some((entry) => entry.body.kind === 'summary')) {
        recent.delete(id)
        return readLive(on, id)
      }
      // Another reader may have added some of them meanwhile.
      for (const entry of fresh) if (entry.seq > (known.at(-1)?.seq ?? 0)) known.push(entry)
      if (known.length > recentEntriesMax) recent.delete(id)
      else remember(id, known)
      return [...known]
    },
    async entriesOfTurn(turn: TurnId): Promise<EntryRow[]> {
      return (await store.read.all('SELECT * FROM entries WHERE turn_id = ? ORDER BY seq', turn)).map(toEntry)
    },
    async beginTurn(tx: Tx, turn: { id: TurnId; sessionKey: SessionKey; sessionId: SessionId; principal: PrincipalId; chat: ChatRef; startedAt: number; deadline: number }): Promise<void> {
      await tx.run(
        `INSERT INTO turns (id, session_key, session_id, principal, state, chat, started_at, deadline, usage) VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
        turn.id, turn.sessionKey, turn.sessionId, turn.principal, JSON.stringify(turn.chat), turn.startedAt, turn.deadline, JSON.stringify(noUsage),
      )
    },
    async endTurn(tx: Tx, id: TurnId, facts: { outcome: TurnOutcome['kind']; model: string | null; wanted: string | null; usage: Usage; text: string }): Promise<void> {
      await tx.run(
        "UPDATE turns SET state = 'done', ended_at = ?, outcome = ?, model = ?, wanted = ?, usage = ?, text = ? WHERE id = ?",
        clock.now(), facts.outcome, facts.model, facts.wanted, JSON.stringify(facts.usage), facts.text, id,
      )
    },
    async turn(on: Sql, id: TurnId): Promise<TurnRow | undefined> {
      const row = await on.get('SELECT * FROM turns WHERE id = ?', id)
      return row === undefined ? undefined : toTurn(row)
    },
    /** The last turn of a session that a model answered. */
    async lastAnswered(on: Sql, session: { key: SessionKey; sessionId: SessionId }): Promise<TurnRow | undefined> {
      const row = await on.get(
        "SELECT * FROM turns WHERE session_key = ? AND session_id = ? AND outcome = 'answered' ORDER BY started_at DESC, id DESC LIMIT 1", session.key, session.sessionId,
      )
      return row === undefined ? undefined : toTurn(row)
    },
    async startCall(tx: Tx, call: { turnId: TurnId; callId: ToolCallId; principal: PrincipalId; name: string; input: Record<string, unknown>; effects: readonly Effect[] | undefined }): Promise<ToolCallId> {
      for (let count = 1; ; count += 1) {
        const journalId = (count === 1 ? call.callId : `${call.callId}#${count}`) as ToolCallId
        const fresh = await tx.run(
          "INSERT INTO tool_calls (turn_id, call_id, principal, name, input, state, started_at, effects) VALUES (?, ?, ?, ?, ?, 'started', ?, ?) ON CONFLICT DO NOTHING",
          call.turnId, journalId, call.principal, call.name, JSON.stringify(call.input), clock.now(), call.effects === undefined ? null : JSON.stringify(call.effects),
        )
        if (fresh === 1) return journalId
      }
    },
    async finishCall(tx: Tx, turn: TurnId, call: ToolCallId, state: 'finished' | 'refused', result: string, end: CallEnd): Promise<void> {
      await tx.run(
        'UPDATE tool_calls SET state = ?, finished_at = ?, result = ?, outcome = ?, why = ?, effects = COALESCE(?, effects) WHERE turn_id = ? AND call_id = ?',
        state, clock.now(), result, end.outcome, end.why?.slice(0, 500) ?? null, end.effect === undefined ? null : JSON.stringify([end.effect]), turn, call,
      )
    },
    async calls(on: Sql, turn: TurnId): Promise<ToolCallRow[]> {
      return (await on.all('SELECT * FROM tool_calls WHERE turn_id = ? ORDER BY started_at, call_id', turn)).map((row) => ({
        turnId: row['turn_id'] as TurnId, callId: row['call_id'] as ToolCallId, name: String(row['name']), input: JSON.parse(String(row['input'])) as Record<string, unknown>,
        state: row['state'] as ToolCallRow['state'], startedAt: Number(row['started_at']), finishedAt: row['finished_at'] as number | null, result: row['result'] as string | null,
        effects: row['effects'] === null ? null : (JSON.parse(String(row['effects'])) as Effect[]), outcome: row['outcome'] as CallOutcome | null, why: row['why'] as string | null,
      }))
    },
  }
}
