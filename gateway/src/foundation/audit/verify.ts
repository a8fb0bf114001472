import type { AuditFault, AuditVerification, Sql } from '@moltbot/contract'
import { addOldRow, beginningOf, macOf, oldRowsDigest, rowColumns, type ChainHead, type ChainKeys, type ChainRow } from './chain.ts'
import { isGenuine, storedCheckpoints, type Checkpoint } from './checkpoints.ts'
import { headIn, oldRows } from './create-audit.ts'

/** How far apart a row and the one that follows it are looked for when entries between them were removed and the rest renumbered. */
const renumberedMax = 10_000
const pageRows = 500
/** How many of the last anchors a start looks at. */
const lastAnchors = 5

export interface VerifyParts {
  read: Sql
  keys: ChainKeys
  /** Checkpoints of this installation from outside the state directory, oldest first. */
  anchors: readonly Checkpoint[]
  /** What is already known to limit the answer. */
  notes?: readonly string[]
}

interface Found { fault: AuditFault; at: number | null; sentence: string; next: string }
type Standing = { base: Checkpoint | undefined; stored: Checkpoint[]; began: Checkpoint[] }

const keepCopy = 'Keep a copy of the state directory as it is, and find out who could write there; `moltbot audit log` shows the entries around it.'
const takeAsIs = 'If you put a backup back yourself, say so with `moltbot audit verify --accept`; else keep a copy of the state directory and find out who could write there.'

/** Reads the whole chain once, row after row, and compares it with every checkpoint. Never rejects for what it finds. */
export async function verifyRecord(parts: VerifyParts): Promise<AuditVerification> {
  const { read, keys } = parts
  const genuine = await genuineOf(keys, parts.anchors)
  const notes = [...(parts.notes ?? [])]
  if (genuine.length < parts.anchors.length) notes.push(`${counted(parts.anchors.length - genuine.length, 'anchor is', 'anchors are')} not signed with the key of this record.`)
  const unsealed = await read.get<{ count: number }>('SELECT COUNT(*) AS count FROM audit WHERE seq IS NULL')
  if (unsealed !== undefined && unsealed.count > 0) notes.push(`${counted(unsealed.count, 'entry was', 'entries were')} written while the vault was locked and not sealed yet.`)
  const answer = (found: Found | undefined, facts: { rows: number; from: number; to: number }): AuditVerification => ({
    ok: found === undefined, fault: found?.fault ?? null, at: found?.at ?? null, ...facts, anchors: genuine.length,
    sentence: found?.sentence ?? wholeSentence(facts, genuine.length), next: found?.next ?? null, notes,
  })

  const standing = await standingOf(read, keys)
  if ('fault' in standing) return answer(standing, { rows: 0, from: 0, to: 0 })
  const { base } = standing
  if (base === undefined && genuine.length === 0) return answer(undefined, { rows: 0, from: 0, to: 0 })
  const accepted = standing.stored.findLast((each) => each.kind === 'accepted')
  if (accepted !== undefined) notes.push(`What stood up to place ${accepted.seq} was accepted as it was by a person.`)
  const before = base === undefined ? undefined : await oldRowsFault(read, keys, standing, base)
  if (before !== undefined) return answer(before, { rows: 0, from: 0, to: 0 })

  const wanted = new Set([...standing.stored, ...genuine].map(({ seq }) => seq))
  const macs = new Map<number, string>()
  let head: ChainHead = { seq: base?.seq ?? 0, mac: base?.mac ?? '' }
  macs.set(head.seq, head.mac)
  let rows = 0
  for (let after: ChainRow | undefined; ;) {
    const page = await rowsAfter(read, after, head.seq)
    for (const row of page) {
      rows += 1
      if (row.seq !== head.seq + 1 || macOf(keys, head.mac, row) !== row.mac) {
        const found = await locate(read, keys, head, row)
        return answer(found, { rows, from: (base?.seq ?? 0) + 1, to: (await headIn(read))?.seq ?? 0 })
      }
      head = { seq: row.seq, mac: row.mac }
      if (wanted.has(row.seq)) macs.set(row.seq, row.mac)
    }
    after = page.at(-1)
    if (after === undefined) break
    // A long record must not hold up what else the process does.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const facts = { rows, from: rows === 0 ? 0 : (base?.seq ?? 0) + 1, to: head.seq }
  return answer(await compareEnds(standing, genuine, head, async (seq) => macs.get(seq)), facts)
}

/** What can be seen at once: whether the record still reaches to, and agrees with, the last checkpoints. Undefined: nothing is wrong there. */
export async function lookAtEnds(parts: VerifyParts): Promise<Found | undefined> {
  const { read, keys } = parts
  const genuine = await genuineOf(keys, parts.anchors.slice(-lastAnchors))
  const standing = await standingOf(read, keys)
  if ('fault' in standing) return standing
  if (standing.base === undefined && genuine.length === 0) return undefined
  const head = (await headIn(read)) ?? { seq: 0, mac: '' }
  const { base } = standing
  return compareEnds({ ...standing, stored: standing.stored.slice(-2) }, genuine, head, async (seq) =>
    seq === base?.seq ? base.mac : (await read.get<ChainRow>('SELECT mac FROM audit WHERE seq = ?', seq))?.mac)
}

/** A signature costs about a tenth of a millisecond, and there is an anchor for every quarter of an hour of a year. */
async function genuineOf(keys: ChainKeys, anchors: readonly Checkpoint[]): Promise<Checkpoint[]> {
  const genuine: Checkpoint[] = []
  for (const [index, anchor] of anchors.entries()) {
    if (isGenuine(keys, anchor)) genuine.push(anchor)
    if (index % 100 === 99) await new Promise((resolve) => setImmediate(resolve))
  }
  return genuine
}

/** What the chain begins from and which stored checkpoints still count; or why they cannot be relied on. */
async function standingOf(read: Sql, keys: ChainKeys): Promise<Standing | Found> {
  const every = await storedCheckpoints(read)
  // What a person accepted stands for everything before it, also for what another key signed.
  const all = every.slice(Math.max(0, every.findLastIndex((checkpoint) => checkpoint.kind === 'accepted' && isGenuine(keys, checkpoint))))
  const foreign = all.find((checkpoint) => checkpoint.key !== keys.id)
  if (foreign !== undefined) {
    return { fault: 'key', at: null, sentence: 'The record was sealed under another key than the one that is here, so nothing can be said about it.', next: 'Put the vault’s key back that belongs to this state directory. If it is lost for good, begin anew from here: moltbot audit verify --accept' }
  }
  const forged = all.find((checkpoint) => !isGenuine(keys, checkpoint))
  if (forged !== undefined) return { fault: 'checkpoint', at: forged.seq, sentence: `The checkpoint at place ${forged.seq} in the database is not genuine.`, next: keepCopy }
  const from = all.findLastIndex(({ kind }) => kind !== 'anchor')
  const base = all[from]
  if (base === undefined && (await read.get('SELECT seq FROM audit WHERE seq > 0 LIMIT 1')) !== undefined) {
    return { fault: 'checkpoint', at: 1, sentence: 'What the record begins from was removed from the database.', next: keepCopy }
  }
  return { base, stored: all.slice(Math.max(0, from)), began: every.filter(({ kind }) => kind === 'began') }
}

async function oldRowsFault(read: Sql, keys: ChainKeys, { began }: Standing, base: Checkpoint): Promise<Found | undefined> {
  if (base.kind === 'accepted') return undefined
  if (base.kind === 'pruned') {
    const stray = await read.get<ChainRow>('SELECT seq FROM audit WHERE seq <= ? ORDER BY seq LIMIT 1', base.seq)
    return stray === undefined ? undefined : { fault: 'inserted', at: stray.seq, sentence: `An entry stands at place ${stray.seq}, which retention had emptied.`, next: keepCopy }
  }
  const digest = oldRowsDigest()
  let rows = 0
  for (let after: ChainRow | undefined; ;) {
    const page = await oldRows(read, after)
    for (const row of page) addOldRow(digest, row)
    rows += page.length
    after = page.at(-1)
    if (after === undefined) break
  }
  const first = began.at(-1)
  if (first === undefined || beginningOf(keys, rows, digest.digest('hex'), first.at) === first.mac) return undefined
  return {
    fault: 'before-chain', at: null, next: keepCopy,
    sentence: rows === first.rows ? 'Entries from before the chain began were changed.' : `There are ${rows} entries from before the chain began; there were ${first.rows}.`,
  }
}

/** Rows of the chain in order, also where somebody gave one place to two of them. */
function rowsAfter(read: Sql, after: ChainRow | undefined, from: number): Promise<ChainRow[]> {
  return after === undefined
    ? read.all<ChainRow>(`SELECT ${rowColumns} FROM audit WHERE seq > ? ORDER BY seq, id LIMIT ${pageRows}`, from)
    : read.all<ChainRow>(`SELECT ${rowColumns} FROM audit WHERE seq > ? OR (seq = ? AND id > ?) ORDER BY seq, id LIMIT ${pageRows}`, after.seq, after.seq, after.id)
}

/** What was done where `row` stands but the entry after `head` belongs. */
async function locate(read: Sql, keys: ChainKeys, head: ChainHead, row: ChainRow): Promise<Found> {
  const at = head.seq + 1
  if (row.seq === head.seq) return { fault: 'inserted', at: row.seq, sentence: `Two entries stand at place ${row.seq}; one of them was put in.`, next: keepCopy }
  const moved = await findFollower(read, keys, head)
  if (moved !== undefined) {
    const { row: real, next } = moved
    const goesOn = next !== undefined && real.seq > at && macOf(keys, real.mac, { ...next, seq: at + 1 }) === next.mac
    if (real.seq === at || (row.seq === at && goesOn)) {
      return { fault: 'inserted', at, sentence: `${real.seq - at > 1 ? `${real.seq - at} entries were` : 'An entry was'} put in at place ${at}.`, next: keepCopy }
    }
    return { fault: 'reordered', at, sentence: `The entry that belongs at place ${at} was moved to place ${real.seq}.`, next: keepCopy }
  }
  if (row.seq > at) return { fault: 'deleted', at, sentence: `${missing(at, row.seq - 1)} deleted.`, next: keepCopy }
  const following = await read.get<ChainRow>(`SELECT ${rowColumns} FROM audit WHERE seq = ?`, at + 1)
  for (let gone = 1; following !== undefined && gone <= renumberedMax; gone += 1) {
    if (macOf(keys, row.mac, { ...following, seq: following.seq + gone }) !== following.mac) continue
    return { fault: 'deleted', at, sentence: `${missing(at, at + gone - 1)} deleted, and the later ones renumbered.`, next: keepCopy }
  }
  return { fault: 'edited', at, sentence: `The entry at place ${at} is not as it was written.`, next: keepCopy }
}

/** The genuine row that follows `head`, wherever it stands now, and the one after it in the table. */
async function findFollower(read: Sql, keys: ChainKeys, head: ChainHead): Promise<{ row: ChainRow; next: ChainRow | undefined } | undefined> {
  let real: ChainRow | undefined
  for (let after: ChainRow | undefined; ;) {
    const page = await rowsAfter(read, after, head.seq)
    for (const row of page) {
      if (real !== undefined) return { row: real, next: row }
      if (macOf(keys, head.mac, { ...row, seq: head.seq + 1 }) === row.mac) real = row
    }
    after = page.at(-1)
    if (after === undefined) return real === undefined ? undefined : { row: real, next: undefined }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Compares a chain that is whole in itself with what was said about it before. */
async function compareEnds(standing: Standing, anchors: readonly Checkpoint[], head: ChainHead, macAt: (seq: number) => Promise<string | undefined>): Promise<Found | undefined> {
  const { base, stored, began } = standing
  const accepted = base?.kind === 'accepted' ? base : undefined
  // What a person accepted ends the word of everything before it.
  const counting = anchors.slice(Math.max(0, anchors.findLastIndex(({ kind }) => kind === 'accepted'))).filter(({ at }) => accepted === undefined || at >= accepted.at)
  const other = counting.find((anchor) => anchor.kind === 'began' && !began.some(({ mac }) => mac === anchor.mac))
  if (other !== undefined && began.every(({ at }) => at > other.at)) {
    return { fault: 'replaced', at: 1, sentence: `Another record stands in place of the one that began on ${day(other.at)}.`, next: takeAsIs }
  }
  const cut = await firstConflict(stored, base, head, macAt)
  if (cut !== undefined) {
    return cut.seq > head.seq
      ? { fault: 'truncated', at: head.seq + 1, sentence: `${missing(head.seq + 1, cut.seq)} cut off the end; the database itself still holds a checkpoint of them from ${day(cut.at)}.`, next: keepCopy }
      : { fault: 'truncated', at: cut.from, sentence: `Entries from place ${cut.from} on were cut off and others written in their place; a checkpoint from ${day(cut.at)} says otherwise.`, next: keepCopy }
  }
  const older = await firstConflict(counting, base, head, macAt)
  if (older === undefined) return undefined
  return older.seq > head.seq
    ? { fault: 'restored', at: head.seq + 1, sentence: `An older copy of the database was put back, or its end cut off with all checkpoints: an anchor from ${day(older.at)} knows ${older.seq} entries, here are ${head.seq}.`, next: takeAsIs }
    : { fault: 'restored', at: older.from, sentence: `An older copy of the database was put back and went on another way: from place ${older.from} on it is not what an anchor from ${day(older.at)} says.`, next: takeAsIs }
}

/** The first checkpoint the chain does not agree with; `from`: the first place that may differ. */
async function firstConflict(
  checkpoints: readonly Checkpoint[], base: Checkpoint | undefined, head: ChainHead, macAt: (seq: number) => Promise<string | undefined>,
): Promise<{ seq: number; at: number; from: number } | undefined> {
  let agreed = base?.seq ?? 0
  for (const { kind, seq, mac, at } of checkpoints.toSorted((a, b) => a.seq - b.seq)) {
    if (kind === 'began' || seq < (base?.seq ?? 0)) continue
    if (seq <= head.seq && (await macAt(seq)) === mac) agreed = seq
    else return { seq, at, from: agreed + 1 }
  }
  return undefined
}

function missing(from: number, to: number): string {
  return from === to ? `The entry at place ${from} was` : `The entries at places ${from} to ${to} were`
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

function day(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function wholeSentence({ rows, from, to }: { rows: number; from: number; to: number }, anchors: number): string {
  if (rows === 0) return 'Nothing is recorded yet.'
  return `The record is whole: ${counted(rows, 'entry', 'entries')}, places ${from} to ${to}, ${anchors === 0 ? 'compared with no anchor' : `compared with ${counted(anchors, 'anchor', 'anchors')}`}.`
}
