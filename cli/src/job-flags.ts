import { exitCodes, Problem, type CommandContext, type ExitCode } from '@moltbot/contract'
import { printableLine } from './printable.ts'
import { asFields, asNumber, asText } from './wire-fields.ts'

/** Which job is meant. */
export const jobArgs = { id: { summary: 'The id of the job, as `moltbot cron list` shows it', required: true } } as const

/** What can be said of a job, the same when it is made and when it is changed. */
export const jobFlags = {
  name: { kind: 'text', value: 'words', summary: 'What it is called' },
  description: { kind: 'text', value: 'words', summary: 'What it is for' },
  at: { kind: 'text', value: 'time', summary: 'Once: 2027-01-31T08:00, or from now: 20m' },
  every: { kind: 'text', value: 'length', summary: 'Again and again: 30m, 2h, 1d' },
  cron: { kind: 'text', value: 'pattern', summary: 'By a pattern of five or six fields: "0 8 * * 1-5"' },
  tz: { kind: 'text', value: 'zone', summary: 'The time zone of --at and --cron, like Europe/Berlin; else yours' },
  message: { kind: 'text', short: 'm', value: 'words', summary: 'What the assistant is told; "-" reads standard input' },
  'system-event': { kind: 'text', value: 'words', summary: 'The same, said in the main conversation' },
  session: { kind: 'text', value: 'which', summary: 'Whether each run has a conversation of its own', choices: ['isolated', 'main'] },
  channel: { kind: 'text', value: 'id', summary: 'Where the answer goes: the network, or last' },
  to: { kind: 'text', value: 'chat', summary: 'The chat\'s id on that network' },
  account: { kind: 'text', value: 'id', summary: 'Which login of the network, where there are several' },
  deliver: { kind: 'boolean', summary: 'Tell the answer where you were last' },
  'no-deliver': { kind: 'boolean', summary: 'Keep the answer in the conversation of the job' },
  model: { kind: 'text', value: 'model', summary: 'The model that answers' },
  thinking: { kind: 'text', value: 'level', summary: 'How long it thinks', choices: ['off', 'minimal', 'low', 'medium', 'high', 'xhigh'] },
  'timeout-seconds': { kind: 'number', value: 'seconds', summary: 'How long a run may take', min: 1, max: 86_400 },
  agent: { kind: 'text', value: 'id', summary: 'Which agent does it' },
  'delete-after-run': { kind: 'boolean', summary: 'Remove it when it was done once; a job with --at is, unless it shall stay' },
  'keep-after-run': { kind: 'boolean', summary: 'Keep a job with --at when it was done' },
  'skip-missed': { kind: 'boolean', summary: 'Leave out what was missed while the gateway was away' },
  disabled: { kind: 'boolean', summary: 'Leave it switched off' },
} as const

type Given = { [Name in keyof typeof jobFlags]?: (typeof jobFlags)[Name]['kind'] extends 'boolean' ? boolean : (typeof jobFlags)[Name]['kind'] extends 'number' ? number : string }

/** The parts of a job that were said, as the gateway takes them. */
export async function jobOf(flags: Given, readInput: () => Promise<string>): Promise<Record<string, unknown>> {
  const times = (['at', 'every', 'cron'] as const).filter((name) => flags[name] !== undefined)
  if (times.length > 1) throw new Problem('usage', `Only one of --${times.join(' and --')}.`)
  if (times.length === 0 && flags.tz !== undefined) throw new Problem('usage', '--tz alone says no time.', { next: 'Give --at or --cron as well.' })
  if (flags.message !== undefined && flags['system-event'] !== undefined) throw new Problem('usage', 'Only one of --message and --system-event.')
  const [kind] = times
  const words = flags.message ?? flags['system-event']
  const text = words === '-' ? await readInput() : words
  const target = flags.session ?? (flags['system-event'] === undefined ? undefined : 'main')
  const said = (values: Record<string, unknown>): Record<string, unknown> => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  const payload = said({ message: text, model: flags.model, thinking: flags.thinking, timeoutSeconds: flags['timeout-seconds'] })
  const to = said({ channel: flags.channel, to: flags.to, accountId: flags.account })
  const mode = flags['no-deliver'] === true ? 'none' : flags.deliver === true || Object.keys(to).length > 0 ? 'announce' : undefined
  return said({
    name: flags.name, description: flags.description, agentId: flags.agent, sessionTarget: target,
    schedule: kind === undefined ? undefined : said({ kind, ...(kind === 'cron' ? { expr: flags.cron } : { [kind]: flags[kind] }), tz: flags.tz }),
    payload: Object.keys(payload).length === 0 ? undefined : { kind: target === 'main' ? 'systemEvent' : 'agentTurn', ...payload },
    delivery: mode === undefined ? undefined : { mode, ...(mode === 'none' ? {} : to) },
    deleteAfterRun: flags['keep-after-run'] === true ? false : flags['delete-after-run'] === true ? true : undefined,
    catchUp: flags['skip-missed'] === true ? 'skip' : undefined, enabled: flags.disabled === true ? false : undefined,
  })
}

/** A job in two lines: what and when, then where its answers go. */
export function jobWords(job: Record<string, unknown>, now: number): string[] {
  const [own, state] = [asFields(job['own']), asFields(job['state'])]
  const next = asNumber(state['nextRunAtMs'])
  const place = asText(own['place'])
  return [
    `${printableLine(asText(job['name']) ?? '')} (${printableLine(asText(job['id']) ?? '')}): ${printableLine(asText(own['when']) ?? '')}${job['enabled'] === false ? ', switched off' : next === undefined ? '' : `, next ${next <= now ? 'now' : new Date(next).toISOString().slice(0, 16).concat('Z')}`}`,
    place === undefined ? 'Its answers stay in its own conversation.' : `Its answers go to ${printableLine(place)}.`,
  ]
}

/** Changes a job, and tells what it is now. Resolves with the code of a command that did it. */
export async function changeJob({ gateway, report, terminal, clock }: Pick<CommandContext, 'gateway' | 'report' | 'terminal' | 'clock'>, id: string, patch: Record<string, unknown>, done: string): Promise<ExitCode> {
  const changed = asFields(await (await gateway()).request('cron.update', { id, patch }))
  report(changed, () => [`${terminal.paint.green('✓')} ${done}`, ...jobWords(changed, clock.now())])
  return exitCodes.ok
}
