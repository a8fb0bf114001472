import { describeError, type AuditLine, type Clock, type Logger } from '@moltbot/contract'
import type { ChainRow } from './chain.ts'
import { lineOf, type LineSource } from './lines.ts'
import { sendOtlp } from './otlp.ts'
import { createSyslogSender, type SyslogSender } from './syslog.ts'

/** Where entries are also told. */
export interface Sinks {
  /** Takes a row that is committed. Returns at once, whatever the receivers do. */
  offer(row: ChainRow): void
  configure(to: { syslog: string; otlp: string }): void
  /** Sends what waits, at most for `timeMs`. */
  close(timeMs: number): Promise<void>
}

/** Entries that wait for a receiver at most; the oldest are let go first. The record has them all. */
const waitingMax = 5_000
const batchMax = 200
/** After a failure a receiver is left alone so long. */
const restMs = 30_000

interface Lane { offer(line: AuditLine): void; drained(): Promise<void>; stop(): void }

export function createSinks(options: { clock: Clock; log: Logger; fetch: typeof globalThis.fetch; source: LineSource; pid: number }): Sinks {
  const { clock, log, fetch, source } = options
  let lanes: Lane[] = []
  let current = ''

  /** One receiver: a bounded queue, one batch under way at a time. */
  function lane(name: string, deliver: (lines: AuditLine[]) => Promise<void>, end: () => void): Lane {
    const waiting: AuditLine[] = []
    let lost = 0
    let resting = false
    let stopped = false
    let working: Promise<void> | undefined
    const work = async (): Promise<void> => {
      while (waiting.length > 0 && !resting && !stopped) {
        const batch = waiting.splice(0, batchMax)
        try {
          await deliver(batch)
          if (lost > 0) log.warn('A receiver of the record answers again; entries it missed are in the record.', { receiver: name, missed: lost })
          lost = 0
        } catch (error) {
          waiting.unshift(...batch.slice(0, Math.max(0, waitingMax - waiting.length)))
          log.warn('A receiver of the record cannot be reached.', { receiver: name, error: describeError(error), waiting: waiting.length, missed: lost })
          resting = true
          clock.after(restMs, () => {
            resting = false
            start()
          })
        }
      }
    }
    const start = (): void => {
      working ??= work().finally(() => { working = undefined })
    }
    return {
      offer(line) {
        if (waiting.length >= waitingMax) {
          waiting.shift()
          lost += 1
        }
        waiting.push(line)
        start()
      },
      drained: async () => working,
      stop() {
        stopped = true
        end()
      },
    }
  }

  function syslogLane(address: string): Lane {
    const sender: SyslogSender = createSyslogSender(address, { host: source.host, pid: options.pid })
    return lane('syslog', async (lines) => {
      for (const line of lines) {
        await sender.send({ at: line.at, severity: line.outcome === 'deny' || line.outcome === 'failed' ? 4 : 5, kind: line.act, text: JSON.stringify(line) })
      }
    }, () => sender.close())
  }

  return {
    offer(row) {
      if (lanes.length === 0) return
      const line = lineOf(row)
      for (const each of lanes) each.offer(line)
    },
    configure({ syslog, otlp }) {
      const wanted = JSON.stringify([syslog, otlp])
      if (wanted === current) return
      current = wanted
      for (const each of lanes) each.stop()
      lanes = []
      try {
        if (syslog !== '') lanes.push(syslogLane(syslog))
      } catch (error) {
        log.error('The record is not told to syslog.', { error: describeError(error) })
      }
      if (otlp !== '') lanes.push(lane('otlp', (lines) => sendOtlp(fetch, otlp, lines, source), () => undefined))
    },
    async close(timeMs) {
      let cancel = (): void => undefined
      const deadline = new Promise<void>((resolve) => { cancel = clock.after(timeMs, resolve) })
      await Promise.race([Promise.all(lanes.map((each) => each.drained())), deadline])
      cancel()
      for (const each of lanes) each.stop()
      lanes = []
    },
  }
}
