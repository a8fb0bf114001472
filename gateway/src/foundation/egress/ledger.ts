import type { Clock, Logger, Migration, Store } from '@moltbot/contract'
import { describeError } from '@moltbot/contract'
import type { EgressDay, EgressIdentity, EgressRow } from './types.ts'

export const egressMigration: Migration = {
  name: '0001-egress',
  sql: `CREATE TABLE egress_day (day TEXT NOT NULL, host TEXT NOT NULL, agent TEXT NOT NULL, principal TEXT NOT NULL, used_by TEXT NOT NULL,
          connections INTEGER NOT NULL, refused INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
          PRIMARY KEY (day, host, agent, principal, used_by))`,
}

/** How long counts may be lost to a crash. */
const flushEveryMs = 10_000
const daysKept = 400
/** A name that changes with every request must not fill the table. */
const hostsPerDayMax = 5_000
const otherHosts = '(other hosts)'

/** What is counted of a socket. */
export interface Counted { readonly bytesRead: number; readonly bytesWritten: number; once(event: 'close', listener: () => void): unknown }

export interface Ledger {
  /** Counts a connection until it closes. */
  connected(identity: EgressIdentity, host: string, socket: Counted): void
  refused(identity: EgressIdentity, host: string): void
  /** Bytes that left today, up to this moment. */
  outToday(): number
  day(daysAgo: number): Promise<EgressDay>
  /** Reads what today already has. Call once, before the first count. */
  open(): Promise<void>
  /** Writes what is not yet written. */
  close(): Promise<void>
}

type Counts = Omit<EgressRow, 'host' | 'agent' | 'principal' | 'use'>

/** Keeps the counts of today in memory and writes them every ten seconds, and before anyone reads them. */
export function createLedger(options: { store: Store; clock: Clock; log: Logger }): Ledger {
  const { store, clock, log } = options
  const pending = new Map<string, { day: string; row: EgressRow }>()
  const live = new Map<Counted, () => void>()
  const hosts = new Set<string>()
  let today = dayOf(clock.now())
  let out = 0
  let cancel: (() => void) | undefined
  let writing: Promise<void> = Promise.resolve()

  function turnOfDay(): void {
    const day = dayOf(clock.now())
    if (day === today) return
    today = day
    out = 0
    hosts.clear()
  }

  function add(identity: EgressIdentity, given: string, counts: Partial<Counts>): void {
    turnOfDay()
    const host = hosts.has(given) || hosts.size < hostsPerDayMax ? given : otherHosts
    hosts.add(host)
    const key = JSON.stringify([today, host, identity.agent, identity.principal, identity.use])
    let entry = pending.get(key)
    if (entry === undefined) {
      entry = { day: today, row: { host, agent: identity.agent, principal: identity.principal, use: identity.use, connections: 0, refused: 0, bytesOut: 0, bytesIn: 0 } }
      pending.set(key, entry)
    }
    for (const name of ['connections', 'refused', 'bytesOut', 'bytesIn'] as const) entry.row[name] += counts[name] ?? 0
    out += counts.bytesOut ?? 0
    cancel ??= clock.after(flushEveryMs, () => {
      cancel = undefined
      flush().catch((error: unknown) => log.warn('What left could not be counted.', { error: describeError(error) }))
    })
  }

  function settle(): void {
    for (const count of live.values()) count()
  }

  function flush(): Promise<void> {
    settle()
    writing = writing.then(write, write)
    return writing
  }

  async function write(): Promise<void> {
    if (pending.size === 0) return
    const entries = [...pending.entries()]
    pending.clear()
    try {
      await store.transaction(async (tx) => {
        for (const [, { day, row }] of entries) {
          await tx.run(
            `INSERT INTO egress_day (day, host, agent, principal, used_by, connections, refused, bytes_out, bytes_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (day, host, agent, principal, used_by) DO UPDATE SET connections = egress_day.connections + excluded.connections,
               refused = egress_day.refused + excluded.refused, bytes_out = egress_day.bytes_out + excluded.bytes_out, bytes_in = egress_day.bytes_in + excluded.bytes_in`,
            day, row.host, row.agent, row.principal, row.use, row.connections, row.refused, row.bytesOut, row.bytesIn,
          )
        }
        await tx.run('DELETE FROM egress_day WHERE day < ?', dayOf(clock.now() - daysKept * 86_400_000))
      })
    } catch (error) {
      // Not lost: counted together with what came meanwhile, and tried again with it.
      for (const [key, { day, row }] of entries) {
        const since = pending.get(key)
        if (since === undefined) pending.set(key, { day, row })
        else for (const name of ['connections', 'refused', 'bytesOut', 'bytesIn'] as const) since.row[name] += row[name]
      }
      throw error
    }
  }

  return {
    connected(identity, host, socket) {
      add(identity, host, { connections: 1 })
      let written = 0
      let read = 0
      const count = (): void => {
        const bytesOut = socket.bytesWritten - written
        const bytesIn = socket.bytesRead - read
        if (bytesOut <= 0 && bytesIn <= 0) return
        written += Math.max(0, bytesOut)
        read += Math.max(0, bytesIn)
        add(identity, host, { bytesOut: Math.max(0, bytesOut), bytesIn: Math.max(0, bytesIn) })
      }
      live.set(socket, count)
      socket.once('close', () => {
        count()
        live.delete(socket)
      })
    },
    refused: (identity, host) => add(identity, host, { refused: 1 }),
    outToday() {
      turnOfDay()
      settle()
      return out
    },
    async day(daysAgo) {
      await flush()
      const date = dayOf(clock.now(), daysAgo)
      const rows = await store.read.all('SELECT * FROM egress_day WHERE day = ? ORDER BY bytes_out DESC, host, agent, principal, used_by LIMIT 500', date)
      const sums = await store.read.get('SELECT COALESCE(SUM(connections), 0) AS connections, COALESCE(SUM(refused), 0) AS refused, COALESCE(SUM(bytes_out), 0) AS bytes_out, COALESCE(SUM(bytes_in), 0) AS bytes_in FROM egress_day WHERE day = ?', date)
      return {
        date, ...countsOf(sums ?? {}),
        rows: rows.map((row) => ({ host: String(row['host']), agent: String(row['agent']), principal: String(row['principal']), use: String(row['used_by']), ...countsOf(row) })),
      }
    },
    async open() {
      const rows = await store.read.all('SELECT host, SUM(bytes_out) AS bytes_out FROM egress_day WHERE day = ? GROUP BY host', today)
      for (const row of rows) {
        hosts.add(String(row['host']))
        out += Number(row['bytes_out'])
      }
    },
    async close() {
      cancel?.()
      await flush()
    },
  }
}

function countsOf(row: Record<string, unknown>): Counts {
  return { connections: Number(row['connections'] ?? 0), refused: Number(row['refused'] ?? 0), bytesOut: Number(row['bytes_out'] ?? 0), bytesIn: Number(row['bytes_in'] ?? 0) }
}

/** The day in the machine's time zone, `YYYY-MM-DD`. */
function dayOf(at: number, daysAgo = 0): string {
  const date = new Date(at)
  date.setDate(date.getDate() - daysAgo)
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`
}
