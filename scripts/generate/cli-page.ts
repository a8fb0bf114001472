import type { Command, FlagSpec } from '@moltbot/contract'
import { exitCodes } from '@moltbot/contract'
import { code, opening, table } from './markdown.ts'
import type { Product } from './load-product.ts'

const topics = [['start', 'Start'], ['talk', 'Talk'], ['look', 'Look'], ['people', 'People and devices'], ['settings', 'Settings'], ['shell', 'Shell']] as const
const exitWords: Record<keyof typeof exitCodes, string> = {
  ok: 'done', failed: 'it was tried and did not work', usage: 'the command line is wrong; nothing was tried', unreachable: 'no gateway answers',
  refused: 'the gateway does not accept us, or does not allow it', interrupted: 'stopped by Ctrl-C',
}

/** Every command of `moltbot`, from its definition. */
export function cliPage({ commands, globalFlags, groups }: Product): string {
  const all = [...commands.values()]
  const parts = [
    opening('The command line', 'The same as `moltbot <command> --help`.'),
    '## Flags for every command\n', flagTable(globalFlags), '\n## Exit codes\n',
    table(['code', 'meaning'], Object.entries(exitCodes).map(([name, number]) => [String(number), exitWords[name as keyof typeof exitCodes]])), '',
  ]
  for (const [topic, title] of topics) {
    const here = all.filter((command) => command.topic === topic).sort((a, b) => (a.name < b.name ? -1 : 1))
    if (here.length === 0) continue
    parts.push(`## ${title}\n`, ...here.map((command) => section(command, groups)))
  }
  return `${parts.join('\n').trimEnd()}\n`
}

function section(command: Command, groups: Product['groups']): string {
  const [group = ''] = command.name.split(' ')
  const args = Object.entries(command.args)
  const usage = args.map(([name, spec]) => `${spec.required === true ? `<${name}>` : `[${name}]`}${spec.many === true ? '…' : ''}`)
  const parts = [
    `### ${code(`moltbot ${command.name}`)}`, '',
    `${command.summary}.${command.groupDefault === true && groups[group] !== undefined ? ` Also runs as ${code(`moltbot ${group}`)} alone.` : ''}`, '',
    '```', ['moltbot', command.name, ...usage, ...(Object.keys(command.flags).length > 0 ? ['[flags]'] : [])].join(' '), '```', '',
  ]
  if (command.description !== undefined) parts.push(command.description, '')
  if (args.length > 0) parts.push(table(['argument', 'what'], args.map(([name, spec]) => [code(name), `${spec.summary}${choices(spec.choices)}`])), '')
  if (Object.keys(command.flags).length > 0) parts.push(flagTable(command.flags), '')
  if (command.json !== undefined) parts.push(`With ${code('--json')}: ${code(command.json)}`, '')
  if (command.examples !== undefined) parts.push('```', ...command.examples.map((example) => `moltbot ${example}`), '```', '')
  return parts.join('\n')
}

function flagTable(flags: Readonly<Record<string, FlagSpec>>): string {
  return table(['flag', 'what'], Object.entries(flags).map(([name, spec]) => [
    code(`${spec.short === undefined ? '' : `-${spec.short}, `}--${name}${spec.kind === 'boolean' ? '' : ` <${spec.value}>`}`), `${spec.summary}${spec.kind === 'text' ? choices(spec.choices) : ''}`,
  ]))
}

function choices(among: readonly string[] | undefined): string {
  return among === undefined ? '' : ` (${among.join(', ')})`
}
