import { Problem, exitCodes, unreachable } from '@moltbot/contract'
import type { Clock, CommandContext, ExitCode, GatewayClient, Machine, NewId, Terminal } from '@moltbot/contract'
import { commands } from './commands/index.gen.ts'
import type { AddressFlags } from './gateway-address.ts'
import { groups } from './groups.ts'
import { commandHelp, groupHelp, overview } from './help-text.ts'
import { parseCommandLine, routeWords } from './parse-arguments.ts'
import type { GlobalFlags } from './parse-arguments.ts'
import { printable } from './printable.ts'

/** What the command line stands on; made by `main.ts` from the real machine, by tests from captured parts. */
export interface CliHost {
  terminal: Terminal
  machine: Machine
  clock: Clock
  newId: NewId
  connect(flags: AddressFlags, options: { caps?: readonly string[] }): Promise<GatewayClient>
}

/**
 * Runs one command line and resolves with its exit code; never rejects. Failures are told on standard error as a sentence and
 * what to do next; with `--json` as `{"ok":false,"error":{code,message,next}}` on standard output.
 */
export async function runCli(words: readonly string[], host: CliHost): Promise<ExitCode> {
  // Read before parsing, so that a wrong command line is answered in the form that was asked for.
  const json = words.includes('--json')
  const opened: Promise<GatewayClient>[] = []
  try {
    return await dispatch(words, host, opened)
  } catch (error) {
    host.terminal.progress(undefined)
    return tellFailure(error, json, host)
  } finally {
    host.terminal.progress(undefined)
    for (const connection of await Promise.allSettled(opened)) if (connection.status === 'fulfilled') connection.value.close()
  }
}

async function dispatch(words: readonly string[], host: CliHost, opened: Promise<GatewayClient>[]): Promise<ExitCode> {
  const { terminal, machine } = host
  const style = { paint: terminal.paint, columns: Math.min(terminal.columns(), 100) }
  const route = routeWords(words, commands)
  switch (route.kind) {
    case 'version':
      terminal.out(`${machine.version}\n`)
      return exitCodes.ok
    case 'help':
      terminal.out(route.group === undefined ? overview(commands, groups, style) : groupHelp(route.group, commands, groups, style))
      return words.length === 0 || route.global.help ? exitCodes.ok : exitCodes.usage
    case 'command': {
      const command = await route.entry.load()
      if (route.global.help) {
        terminal.out(commandHelp(command, style))
        return exitCodes.ok
      }
      const parsed = parseCommandLine(command, route.rest)
      return command.run({ ...parsed, json: route.global.json }, makeContext(host, route.global, opened))
    }
    default:
      return unreachable(route)
  }
}

function makeContext(host: CliHost, global: GlobalFlags, opened: Promise<GatewayClient>[]): CommandContext {
  const address = { ...(global.url === undefined ? {} : { url: global.url }), ...(global.token === undefined ? {} : { token: global.token }), ...(global['tls-fingerprint'] === undefined ? {} : { tlsFingerprint: global['tls-fingerprint'] }) }
  let shared: Promise<GatewayClient> | undefined
  return {
    terminal: host.terminal,
    machine: host.machine,
    clock: host.clock,
    newId: host.newId,
    commands: () => Promise.all(commands.map((entry) => entry.load())),
    gateway() {
      if (shared === undefined) {
        shared = host.connect(address, {})
        opened.push(shared)
      }
      return shared
    },
    connect: (options = {}) => host.connect(address, options),
    report(data, lines) {
      if (global.json) {
        host.terminal.out(`${JSON.stringify(data, null, 2) ?? 'null'}\n`)
        return
      }
      const text = lines()
      const whole = typeof text === 'string' ? text : text.join('\n')
      if (whole !== '') host.terminal.out(`${whole}\n`)
    },
  }
}

function tellFailure(error: unknown, json: boolean, host: CliHost): ExitCode {
  const { terminal } = host
  const problem = error instanceof Problem ? error : new Problem('unexpected', `Something unexpected went wrong: ${error instanceof Error ? error.message : String(error)}`, { next: 'Please report it with the command you ran.' })
  if (json) terminal.out(`${JSON.stringify({ ok: false, error: { code: problem.code, message: problem.message, ...(problem.next === undefined ? {} : { next: problem.next }) } }, null, 2)}\n`)
  else {
    terminal.note(`${terminal.paint.red('✗')} ${printable(problem.message)}`)
    if (problem.next !== undefined) terminal.note(`  ${printable(problem.next)}`)
  }
  switch (problem.code) {
    case 'usage': return exitCodes.usage
    case 'gateway-unreachable': return exitCodes.unreachable
    case 'gateway-refused': return exitCodes.refused
    case 'interrupted': return exitCodes.interrupted
    default: return exitCodes.failed
  }
}
