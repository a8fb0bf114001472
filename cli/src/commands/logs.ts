import { defineCommand, exitCodes } from '@moltbot/contract'
import { logLine } from '../log-line.ts'
import { printableLine } from '../printable.ts'
import { tailLog } from '../tail-log.ts'

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
    await tailLog(context, { limit: flags.limit ?? 200, follow: flags.follow, show: (line) => (json ? printableLine(line) : logLine(line, flags.level, context.terminal.paint)) })
    return exitCodes.ok
  },
})
