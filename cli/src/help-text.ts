import type { CommandTopic, FlagSpec, Paint } from '@moltbot/contract'
import type { CommandGroup } from './groups.ts'
import { displayWidth, wrapText } from './display-width.ts'
import { globalFlags } from './parse-arguments.ts'
import type { AnyCommand, CommandEntry } from './parse-arguments.ts'

const topics: readonly [CommandTopic, string][] = [
  ['start', 'Start'],
  ['talk', 'Talk'],
  ['look', 'Look'],
  ['people', 'People and devices'],
  ['settings', 'Settings'],
  ['shell', 'Shell'],
]

const exitWords = 'Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no gateway answers, 4 refused by the gateway, 130 interrupted.'

export interface HelpStyle { paint: Paint; columns: number }

/** `moltbot --help`: every command under its topic; commands of a group on one line. */
export function overview(entries: readonly CommandEntry[], groups: Readonly<Record<string, CommandGroup>>, style: HelpStyle): string {
  const { paint } = style
  const lines = [`${paint.bold('moltbot')} — your assistant, on your machine`, '', `${paint.bold('Usage')}  moltbot <command> [flags]`, '']
  const rows = new Map<CommandTopic, [string, string][]>()
  for (const entry of entries) {
    const first = entry.name.split(' ')[0] ?? ''
    const { topic, summary } = groups[first] ?? entry
    const list = rows.get(topic) ?? []
    rows.set(topic, list)
    if (!list.some(([name]) => name === first)) list.push([first, summary])
  }
  const width = Math.max(...[...rows.values()].flat().map(([name]) => name.length))
  for (const [topic, title] of topics) {
    const list = rows.get(topic)
    if (list === undefined) continue
    lines.push(paint.bold(title))
    for (const [name, summary] of list) lines.push(...row(paint.cyan(name), summary, width, style.columns))
    lines.push('')
  }
  lines.push(paint.bold('Flags for every command'), ...flagRows(globalFlags, style), '')
  lines.push('More about one command: moltbot <command> --help', ...wrapText(exitWords, style.columns))
  return `${lines.join('\n')}\n`
}

/** `moltbot gateway --help`: the commands of one group. */
export function groupHelp(group: string, entries: readonly CommandEntry[], groups: Readonly<Record<string, CommandGroup>>, style: HelpStyle): string {
  const { paint } = style
  const members = entries.filter((entry) => entry.name.startsWith(`${group} `))
  const width = Math.max(...members.map((entry) => entry.name.length))
  const standard = members.find((entry) => entry.groupDefault)
  const lines = [`${paint.bold(`moltbot ${group}`)} — ${groups[group]?.summary ?? ''}`, '']
  for (const entry of members) lines.push(...row(paint.cyan(entry.name), entry.summary, width, style.columns))
  lines.push('', ...(standard === undefined ? [] : [`"moltbot ${group}" alone is "moltbot ${standard.name}".`]), `More: moltbot ${members[0]?.name ?? group} --help`)
  return `${lines.join('\n')}\n`
}

/** `moltbot gateway call --help`: one command from its definition. */
export function commandHelp(command: AnyCommand, style: HelpStyle): string {
  const { paint, columns } = style
  const args = Object.entries(command.args)
  const usage = args.map(([name, spec]) => (spec.required === true ? `<${name}>` : `[${name}]`) + (spec.many === true ? '…' : ''))
  const lines = [...wrapText(`${paint.bold(`moltbot ${command.name}`)} — ${command.summary}`, columns), '']
  lines.push([paint.bold('Usage'), ' moltbot', command.name, ...usage, ...(Object.keys(command.flags).length > 0 ? ['[flags]'] : [])].join(' '), '')
  if (command.description !== undefined) lines.push(...command.description.split(/\n\n/).flatMap((paragraph) => [...wrapText(paragraph, columns), '']))
  if (args.length > 0) {
    const width = Math.max(...args.map(([name]) => name.length + 2))
    lines.push(paint.bold('Arguments'))
    for (const [name, spec] of args) lines.push(...row(paint.cyan(`<${name}>`), spec.summary + choiceWords(spec.choices), width, columns))
    lines.push('')
  }
  if (Object.keys(command.flags).length > 0) lines.push(paint.bold('Flags'), ...flagRows(command.flags, style), '')
  lines.push(paint.bold('Flags for every command'), ...flagRows(globalFlags, style))
  if (command.json !== undefined) lines.push('', ...wrapText(`${paint.bold('--json prints')} ${command.json}`, columns))
  if (command.examples !== undefined) lines.push('', paint.bold('Examples'), ...command.examples.map((example) => `  moltbot ${example}`))
  return `${lines.join('\n')}\n`
}

function flagRows(flags: Record<string, FlagSpec>, style: HelpStyle): string[] {
  const heads = Object.entries(flags).map(([name, spec]) => ({
    head: `${spec.short === undefined ? '' : `-${spec.short}, `}--${name}${spec.kind === 'boolean' ? '' : ` <${spec.value}>`}`,
    summary: spec.summary + (spec.kind === 'text' ? choiceWords(spec.choices) : ''),
  }))
  const width = Math.max(...heads.map(({ head }) => head.length))
  return heads.flatMap(({ head, summary }) => row(style.paint.cyan(head), summary, width, style.columns))
}

function choiceWords(choices: readonly string[] | undefined): string {
  return choices === undefined ? '' : ` (${choices.join(', ')})`
}

function row(head: string, summary: string, width: number, columns: number): string[] {
  const gap = ' '.repeat(Math.max(0, width - displayWidth(head)) + 2)
  const indent = ' '.repeat(width + 4)
  return wrapText(summary, Math.max(24, columns - width - 4)).map((line, index) => (index === 0 ? `  ${head}${gap}${line}` : `${indent}${line}`))
}
