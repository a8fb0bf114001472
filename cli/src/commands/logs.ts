import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { waitForGateway } from '../gateway-waits.ts'
import { logLine } from '../log-line.ts'
import { printableLine } from '../printable.ts'
import { asFields, asNumber, asTexts } from '../wire-fields.ts'

/** How often a followed log is asked for more. */
const pollMs = 1_000
/** How long a followed log waits for a gateway that went away. */
const comeBackMs = 120_000

export const logs = defineCommand({
  name: 'logs',
  summary: 'Print the gateway\'s log; secrets are already taken out',
  topic: 'look',
  args: {},
  flags: {
    follow: { kind: 'boolean', short: 'f', summary: 'Go on printing what is added, until Ctrl-C; survives restarts of the gateway' },
    limit: { kind: 'number', short: 'n', value: 'lines', summary: 'At most so many of the last lines (default 200)', min: 1, max: 5_000 },
    level: { kind: 'text', value: 'level', summary: 'Only lines of this level and above', choices: ['debug', 'info', 'warn', 'error'] },
  },
  json: 'one log record per line, as in the file',
  async run({ flags, json }, context) {
    const { terminal, clock } = context
    let client = await context.connect()
    let stop = (): void => {}
    let stopped = false
    const interrupted = new Promise<void>((resolve) => {
      stop = resolve
    })
    const stopInterrupts = flags.follow ? terminal.onInterrupt(() => {
      stopped = true
      stop()
    }) : () => {}
    let cursor: number | undefined
    try {
      for (;;) {
        try {
          const page = asFields(await client.request('logs.tail', cursor === undefined ? { limit: flags.limit ?? 200 } : { cursor, limit: 5_000 }))
          if (page['reset'] === true && cursor !== undefined) terminal.note(terminal.paint.dim('(a new log file)'))
          for (const line of asTexts(page['lines'])) {
            const shown = json ? printableLine(line) : logLine(line, flags.level, terminal.paint)
            if (shown !== undefined && shown !== '') terminal.out(`${shown}\n`)
          }
          cursor = asNumber(page['cursor']) ?? cursor
        } catch (error) {
          if (!flags.follow || !(error instanceof Problem) || error.code !== 'gateway-lost') throw error
          terminal.note(terminal.paint.dim('(the gateway went away; waiting for it)'))
          client = await waitForGateway(context, comeBackMs)
        }
        if (!flags.follow) return exitCodes.ok
        let cancel = (): void => {}
        await Promise.race([interrupted, new Promise<void>((resolve) => {
          cancel = clock.after(pollMs, resolve)
        })])
        cancel()
        if (stopped) return exitCodes.ok
      }
    } finally {
      stopInterrupts()
      client.close()
    }
  },
})
