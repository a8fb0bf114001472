import { Problem } from '@moltbot/contract'
import type { ArgSpec, Command, CommandContext, CommandDescription, ExitCode, FlagSpec } from '@moltbot/contract'
import { nearestName } from './nearest-name.ts'

/** Flags every command understands; they may stand anywhere, also before the command. */
export const globalFlags = {
  json: { kind: 'boolean', summary: 'Print one JSON document (or one per line) instead of text' },
  url: { kind: 'text', value: 'address', summary: 'Gateway to talk to, like ws://127.0.0.1:18789' },
  token: { kind: 'text', value: 'token', summary: 'Gateway token (prefer MOLTBOT_GATEWAY_TOKEN: arguments are visible to other users)' },
  'tls-fingerprint': { kind: 'text', value: 'sha256', summary: 'Accept exactly this certificate, or what this authority signed (moltbot gateway tls shows it there); two with a comma between' },
  'no-color': { kind: 'boolean', summary: 'No colours, as with NO_COLOR=1' },
  help: { kind: 'boolean', short: 'h', summary: 'Show help' },
} as const satisfies Record<string, FlagSpec>

/** What the shelf's index knows about a command without loading it. */
export interface CommandEntry {
  name: string
  summary: string
  topic: Command['topic']
  groupDefault: boolean
  load(): Promise<AnyCommand>
}

/** A command whose argument types are forgotten; `parseCommandLine` makes sure they are met. */
export interface AnyCommand extends CommandDescription {
  run(input: ParsedLine & { json: boolean }, context: CommandContext): Promise<ExitCode>
}

export interface GlobalFlags { json: boolean; url?: string; token?: string; 'tls-fingerprint'?: string; 'no-color': boolean; help: boolean }

/** What the words ask for, before any command is loaded. */
export type Route =
  | { kind: 'command'; entry: CommandEntry; rest: string[]; global: GlobalFlags }
  /** `group` undefined: everything. */
  | { kind: 'help'; group: string | undefined; global: GlobalFlags }
  | { kind: 'version'; global: GlobalFlags }

/**
 * Finds the command among the words. Flags that belong to the command stay in `rest` for `parseCommandLine`. Throws `usage` for
 * words that are no command, with the nearest one that is.
 */
export function routeWords(words: readonly string[], entries: readonly CommandEntry[]): Route {
  const { rest, global, version } = takeGlobals(words)
  if (version) return { kind: 'version', global }
  const [first, second] = rest
  if (first === undefined) return { kind: 'help', group: undefined, global }
  if (first === 'version') return { kind: 'version', global }
  if (first === 'help') return second === undefined ? { kind: 'help', group: undefined, global: { ...global, help: true } } : routeWords([...rest.slice(1), '--help'], entries)
  if (first.startsWith('-')) throw new Problem('usage', `Unknown flag ${first} before a command.`, { next: 'See: moltbot --help' })

  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  const inGroup = entries.filter((entry) => entry.name.startsWith(`${first} `))
  if (inGroup.length === 0) {
    const entry = byName.get(first)
    if (entry !== undefined) return { kind: 'command', entry, rest: rest.slice(1), global }
    const near = nearestName(first, [...new Set(entries.map((one) => one.name.split(' ')[0] ?? ''))])
    throw new Problem('usage', `There is no command "${first}".${near === undefined ? '' : ` Did you mean "${near}"?`}`, { next: 'See: moltbot --help' })
  }
  if (second === undefined || second.startsWith('-')) {
    const entry = inGroup.find((one) => one.groupDefault)
    if (entry !== undefined && !(global.help && second === undefined)) return { kind: 'command', entry, rest: rest.slice(1), global }
    if (second === undefined || global.help) return { kind: 'help', group: first, global: { ...global, help: global.help } }
  } else {
    const entry = byName.get(`${first} ${second}`)
    if (entry !== undefined) return { kind: 'command', entry, rest: rest.slice(2), global }
  }
  const near = second === undefined ? undefined : nearestName(second, inGroup.map((one) => one.name.slice(first.length + 1)))
  throw new Problem('usage', `"moltbot ${first}" has no "${second ?? ''}".${near === undefined ? '' : ` Did you mean "moltbot ${first} ${near}"?`}`, { next: `See: moltbot ${first} --help` })
}

function takeGlobals(words: readonly string[]): { rest: string[]; global: GlobalFlags; version: boolean } {
  const global: GlobalFlags = { json: false, 'no-color': false, help: false }
  const rest: string[] = []
  let version = false
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (word === '--') {
      rest.push(...words.slice(index))
      break
    }
    const name = word === '-h' ? 'help' : /^--([a-z-]+)(?==|$)/.exec(word)?.[1]
    if (name === 'json' || name === 'no-color' || name === 'help') {
      if (word.includes('=')) throw new Problem('usage', `--${name} takes no value.`, { next: 'Write it alone.' })
      global[name] = true
    } else if (name === 'url' || name === 'token' || name === 'tls-fingerprint') {
      const inline = word.includes('=')
      global[name] = flagValue(`--${name}`, inline ? word.slice(word.indexOf('=') + 1) : words[index + 1], inline)
      if (!inline) index++
    } else if (rest.length === 0 && (word === '--version' || word === '-v' || word === '-V')) version = true
    else rest.push(word)
  }
  return { rest, global, version }
}

export interface ParsedLine { args: Record<string, string | string[] | undefined>; flags: Record<string, boolean | number | string | undefined> }

/** Reads a command's own words against its definition. Throws `usage` with the nearest known flag, the choices, the range or the missing argument. */
export function parseCommandLine(command: AnyCommand, words: readonly string[]): ParsedLine {
  const flags: ParsedLine['flags'] = {}
  for (const [name, spec] of Object.entries(command.flags)) flags[name] = spec.kind === 'boolean' ? false : undefined
  const positional: string[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (word === '--') {
      positional.push(...words.slice(index + 1))
      break
    }
    if (!word.startsWith('-') || word === '-' || /^-\d/.test(word)) {
      positional.push(word)
      continue
    }
    const equals = word.indexOf('=')
    const typed = equals < 0 ? word : word.slice(0, equals)
    const [name, spec] = findFlag(command, typed)
    if (spec.kind === 'boolean') {
      if (equals >= 0) throw usage(command, `--${name} takes no value.`)
      flags[name] = true
      continue
    }
    const text = flagValue(typed, equals >= 0 ? word.slice(equals + 1) : words[index + 1], equals >= 0)
    if (equals < 0) index++
    flags[name] = spec.kind === 'number' ? wholeNumber(command, name, spec, text) : choice(command, `--${name}`, spec.choices, text)
  }
  return { args: placePositionals(command, positional), flags }
}

function findFlag(command: AnyCommand, typed: string): [string, FlagSpec] {
  for (const [name, spec] of Object.entries(command.flags)) {
    if (typed === `--${name}` || (spec.short !== undefined && typed === `-${spec.short}`)) return [name, spec]
  }
  const near = nearestName(typed.replace(/^-+/, ''), [...Object.keys(command.flags), ...Object.keys(globalFlags)])
  throw usage(command, `"moltbot ${command.name}" has no flag ${typed}.${near === undefined ? '' : ` Did you mean --${near}?`}`)
}

function flagValue(flag: string, text: string | undefined, inline: boolean): string {
  if (text === undefined || (!inline && text.length > 1 && /^--?[a-z]/i.test(text))) throw new Problem('usage', `${flag} needs a value.`, { next: `Write it as ${flag}=value if the value starts with "-".` })
  return text
}

function wholeNumber(command: AnyCommand, name: string, spec: FlagSpec & { kind: 'number' }, text: string): number {
  const value = Number(text)
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
    throw usage(command, `--${name} expects a whole number${spec.max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`}, found "${text}".`)
  }
  return value
}

function choice(command: AnyCommand, what: string, choices: readonly string[] | undefined, text: string): string {
  if (choices === undefined || choices.includes(text)) return text
  const near = nearestName(text, choices)
  throw usage(command, `${what} expects one of ${choices.join(', ')}; found "${text}".${near === undefined ? '' : ` Did you mean "${near}"?`}`)
}

function placePositionals(command: AnyCommand, words: readonly string[]): ParsedLine['args'] {
  const args: ParsedLine['args'] = {}
  let position = 0
  for (const [name, spec] of Object.entries(command.args)) {
    if (spec.many === true) {
      const values = words.slice(position)
      if (spec.required === true && values.length === 0) throw missing(command, name, spec)
      args[name] = values
      return args
    }
    const value = words[position++]
    if (value === undefined && spec.required === true) throw missing(command, name, spec)
    args[name] = value === undefined ? undefined : choice(command, `<${name}>`, spec.choices, value)
  }
  const extra = words[position]
  if (extra !== undefined) throw usage(command, `"${extra}" is one word too many for "moltbot ${command.name}".`, 'Put quotes around text with spaces. ')
  return args
}

function missing(command: AnyCommand, name: string, spec: ArgSpec): Problem {
  return usage(command, `"moltbot ${command.name}" needs <${name}>: ${spec.summary.charAt(0).toLowerCase()}${spec.summary.slice(1)}.`)
}

function usage(command: AnyCommand, sentence: string, before = ''): Problem {
  return new Problem('usage', sentence, { next: `${before}See: moltbot ${command.name} --help` })
}
