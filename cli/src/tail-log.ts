import { Problem } from '@moltbot/contract'
import type { CommandContext } from '@moltbot/contract'
import { waitForGateway } from './gateway-waits.ts'
import { asFields, asNumber, asTexts } from './wire-fields.ts'

/** How often a followed log is asked for more. */
const pollMs = 1_000
/** How long a followed log waits for a gateway that went away. */
const comeBackMs = 120_000

export interface TailOptions {
  /** At most so many of the last lines at first. */
  limit: number
  follow: boolean
  /** What is printed of a line; undefined or empty: nothing. */
  show(line: string): string | undefined
  /** Which lines are meant; then `limit` counts these, among the last 5,000 of all. Absent: every line. */
  keep?(line: string): boolean
}

/** Prints the gateway's log, and with `follow` what is added until Ctrl-C, also over a restart of the gateway. Resolves with how many lines were meant. */
export async function tailLog(context: CommandContext, { limit, follow, show, keep }: TailOptions): Promise<number> {
  const { terminal, clock } = context
  let client = await context.connect()
  let stop = (): void => {}
  let stopped = false
  const interrupted = new Promise<void>((resolve) => {
    stop = resolve
  })
  const stopInterrupts = follow ? terminal.onInterrupt(() => {
    stopped = true
    stop()
  }) : () => {}
  let cursor: number | undefined
  let meant = 0
  try {
    for (;;) {
      try {
        const page = asFields(await client.request('logs.tail', cursor === undefined ? keep === undefined ? { limit } : { limit: 5_000, maxBytes: 1_000_000 } : { cursor, limit: 5_000 }))
        if (page['reset'] === true && cursor !== undefined) terminal.note(terminal.paint.dim('(a new log file)'))
        const lines = asTexts(page['lines']).filter((line) => keep?.(line) ?? true)
        meant += lines.length
        for (const line of cursor === undefined ? lines.slice(-limit) : lines) {
          const shown = show(line)
          if (shown !== undefined && shown !== '') terminal.out(`${shown}\n`)
        }
        cursor = asNumber(page['cursor']) ?? cursor
      } catch (error) {
        if (!follow || !(error instanceof Problem) || error.code !== 'gateway-lost') throw error
        terminal.note(terminal.paint.dim('(the gateway went away; waiting for it)'))
        client = await waitForGateway(context, comeBackMs)
      }
      if (!follow) return meant
      let cancel = (): void => {}
      await Promise.race([interrupted, new Promise<void>((resolve) => {
        cancel = clock.after(pollMs, resolve)
      })])
      cancel()
      if (stopped) return meant
    }
  } finally {
    stopInterrupts()
    client.close()
  }
}
