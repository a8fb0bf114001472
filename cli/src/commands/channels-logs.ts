import { defineCommand, exitCodes } from '@moltbot/contract'
import { findNetwork, networksOf } from '../channel-config.ts'
import { logLine, roomOfLine } from '../log-line.ts'
import { printableLine } from '../printable.ts'
import { tailLog } from '../tail-log.ts'
import { asFields } from '../wire-fields.ts'

export const channelsLogs = defineCommand({
  name: 'channels logs',
  summary: 'Print what the gateway\'s log says of the networks; secrets are already taken out',
  topic: 'look',
  description: 'Looks through the last 5,000 lines of the log. Everything else stands in "moltbot logs".',
  args: {},
  flags: {
    channel: { kind: 'text', value: 'id', summary: 'Only this network' },
    lines: { kind: 'number', short: 'n', value: 'lines', summary: 'At most so many of its last lines (default 200)', min: 1, max: 5_000 },
    follow: { kind: 'boolean', short: 'f', summary: 'Go on printing what is added, until Ctrl-C; survives restarts of the gateway' },
    level: { kind: 'text', value: 'level', summary: 'Only lines of this level and above', choices: ['debug', 'info', 'warn', 'error'] },
  },
  json: 'one log record per line, as in the file',
  examples: ['channels logs --channel <id>', 'channels logs --channel <id> --follow --level warn'],
  async run({ flags, json }, context) {
    const { channel } = flags
    const { paint } = context.terminal
    if (channel !== undefined) findNetwork(networksOf(asFields(asFields(await (await context.gateway()).request('config.schema'))['schema'])), channel)
    const keep = (line: string): boolean => isOf(line, channel) && logLine(line, flags.level, paint) !== undefined
    const meant = await tailLog(context, { limit: flags.lines ?? 200, follow: flags.follow, keep, show: (line) => (json ? printableLine(line) : logLine(line, undefined, paint)) })
    if (meant === 0 && !json && !flags.follow) context.terminal.note(paint.dim(`The last lines of the log say nothing of ${channel ?? 'any network'}.`))
    return exitCodes.ok
  },
})

/** Lines of a network's own room, and those of other rooms that name it as their channel. */
function isOf(line: string, channel: string | undefined): boolean {
  const { room, facts } = roomOfLine(line)
  const path = room?.split('/') ?? []
  if (channel === undefined) return path[0] === 'channels' || typeof facts['channel'] === 'string'
  return (path[0] === 'channels' && path.includes(channel)) || facts['channel'] === channel
}
