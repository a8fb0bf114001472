import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, ExitCode, Machine, OfflineConfig, Prompts } from '@moltbot/contract'
import { createConnector } from '../connect.ts'
import { createMachine } from '../machine.ts'
import { runCli } from '../run-cli.ts'
import { captureTerminal } from './captured-terminal.ts'
import type { CapturedTerminal } from './captured-terminal.ts'
import type { FakeGateway } from './fake-gateway.ts'

export interface CommandRun {
  code: ExitCode
  /** Standard output. */
  out: string
  /** Standard error. */
  err: string
  stateDir: string
}

export interface CommandOptions {
  /** Absent: nothing listens at the configured port. */
  gateway?: FakeGateway
  input?: string
  interactive?: boolean
  prompts?: Prompts
  environment?: Record<string, string>
  stateDir?: string
  /** Parts of the machine replaced. */
  machine?: Partial<Machine>
  offline?: OfflineConfig
  /** Gives the terminal to the test before the command ends. */
  onTerminal?: (terminal: CapturedTerminal) => void
  columns?: number
  clock?: Clock
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
}

/** A fresh state directory. */
export function makeStateDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'moltbot-cli-'))
}

/** Runs one command line against a fake gateway with a captured terminal and a state directory of its own. */
export async function runCommand(words: string[], options: CommandOptions = {}): Promise<CommandRun> {
  const stateDir = options.stateDir ?? (await makeStateDir())
  // Port 9 (discard) is closed on the machines tests run on: nothing answers.
  const port = options.gateway?.port ?? 9
  const terminal = captureTerminal({
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.interactive === undefined ? {} : { interactive: options.interactive }),
    ...(options.prompts === undefined ? {} : { prompts: options.prompts }),
    ...(options.columns === undefined ? {} : { columns: options.columns }),
  })
  options.onTerminal?.(terminal)
  if (options.stateDir === undefined) await writeFile(join(stateDir, 'moltbot.json'), `// test\n{ gateway: { port: ${port}, auth: { token: 'T' } } }\n`)
  const real = createMachine({ version: '1.2.3', stateDir, configFile: undefined, installation: stateDir, gatewayModule: join(stateDir, 'none.mjs'), nodePath: process.execPath })
  const { offline } = options
  const machine: Machine = { ...real, ...(offline === undefined ? {} : { offlineConfig: async () => offline }), ...options.machine }
  const clock = options.clock ?? realClock
  let counter = 0
  const code = await runCli(words, {
    terminal,
    machine,
    clock,
    newId: (prefix) => `${prefix}-${++counter}`,
    connect: createConnector({ machine, environment: options.environment ?? {}, clock, platform: 'linux' }),
  })
  return { code, out: terminal.text(), err: terminal.notes(), stateDir }
}
