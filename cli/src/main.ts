/** The entry of the command line: the only file of this package that reads the environment and touches the process. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeError, exitCodes } from '@moltbot/contract'
import type { Clock } from '@moltbot/contract'
import { createConnector } from './connect.ts'
import { createMachine } from './machine.ts'
import { runCli } from './run-cli.ts'
import { createTerminal, wantsColour } from './terminal.ts'

const environment = process.env
const words = process.argv.slice(2)

const clock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
}

// As the bundle we are `dist/cli.mjs` with the gateway beside us, as source `cli/src/main.ts`.
const here = fileURLToPath(import.meta.url)
const fromSource = basename(here) === 'main.ts'
const installation = fromSource ? resolve(dirname(here), '..', '..') : resolve(dirname(here), '..')
const gatewayModule = fromSource ? join(installation, 'gateway', 'src', 'process.ts') : join(installation, 'dist', 'gateway.mjs')

const stateDir = resolve(firstSet('MOLTBOT_STATE_DIR', 'CLAWDBOT_STATE_DIR') ?? join(firstSet('HOME') ?? homedir(), '.moltbot'))
const configFile = firstSet('MOLTBOT_CONFIG_PATH', 'CLAWDBOT_CONFIG_PATH')

const colour = wantsColour({ noColor: environment['NO_COLOR'], forceColor: environment['FORCE_COLOR'], term: environment['TERM'], flag: words.includes('--no-color') }, process.stdout.isTTY === true)
const terminal = createTerminal({ input: process.stdin, output: process.stdout, error: process.stderr }, colour, environment['TERM'], process)
const browserOpener = process.platform === 'darwin' ? 'open' : firstSet('DISPLAY', 'WAYLAND_DISPLAY') === undefined ? undefined : 'xdg-open'
const machine = createMachine({ version: readVersion(), stateDir, configFile, installation, gatewayModule, nodePath: process.execPath, ...(browserOpener === undefined ? {} : { browserOpener }) })

// A reader that leaves early (`moltbot logs | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed)
})

try {
  process.exitCode = await runCli(words, {
    terminal,
    machine,
    clock,
    newId: (prefix) => `${prefix}-${randomUUID()}`,
    connect: createConnector({ machine, environment, clock, platform: process.platform, ...(process.getuid === undefined ? {} : { user: process.getuid() }) }),
  })
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`)
  process.exitCode = exitCodes.failed
}

function firstSet(...names: string[]): string | undefined {
  for (const name of names) if ((environment[name] ?? '').trim() !== '') return environment[name]
  return undefined
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(join(installation, 'package.json'), 'utf8')) as { version?: string }
  return manifest.version ?? '0.0.0'
}
