import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Problem, editSecretsEnv, parseSecretsEnv } from '@moltbot/contract'
import type { GatewayModule, Machine } from '@moltbot/contract'
import { asFields } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'
import { writeFileAtomically } from './write-file-atomically.ts'

export interface MachineFacts {
  version: string
  stateDir: string
  /** From the environment; absent: the file in the state directory. */
  configFile: string | undefined
  /** The folder that holds `bin/`, `scripts/` and `dist/`. */
  installation: string
  /** The gateway's module: the bundle beside ours, or its source. */
  gatewayModule: string
  nodePath: string
  /** The program that opens an address in a browser; absent where there is no screen. */
  browserOpener?: string
}

/** This computer, as far as the command line may touch it. */
export function createMachine(facts: MachineFacts): Machine {
  const secretsFile = join(facts.stateDir, 'secrets.env')
  const script = join(facts.installation, 'scripts', 'start-moltbot.sh')
  const loadGateway = async (): Promise<GatewayModule> => {
    if (!existsSync(facts.gatewayModule)) {
      throw new Problem('not-built', 'The gateway is not built here.', { next: `In ${facts.installation}, run: npm install && npm run build` })
    }
    return (await import(pathToFileURL(facts.gatewayModule).href)) as GatewayModule
  }
  return {
    version: facts.version,
    stateDir: facts.stateDir,
    configFile: facts.configFile ?? defaultConfigFile(facts.stateDir),
    // A clone has no `moltbot` on the PATH; its script also installs and builds what is missing.
    startCommand: facts.installation.includes(`${sep}node_modules${sep}`) || !existsSync(script) ? 'moltbot gateway run' : `bash ${script}`,
    async readSecrets() {
      return parseSecretsEnv((await readTextIfThere(secretsFile)) ?? '')
    },
    async writeSecret(name, value) {
      await mkdir(facts.stateDir, { recursive: true, mode: 0o700 })
      await writeFileAtomically(secretsFile, editSecretsEnv((await readTextIfThere(secretsFile)) ?? '', name, value))
    },
    async offlineConfig() {
      return (await loadGateway()).offlineConfig(facts.stateDir)
    },
    async offlineReview(options) {
      return (await loadGateway()).offlineReview(facts.stateDir, options)
    },
    async offlineAudit() {
      return (await loadGateway()).offlineAudit(facts.stateDir)
    },
    async offlineVault(options) {
      return (await loadGateway()).offlineVault(facts.stateDir, options)
    },
    async sealedSecret(name) {
      return (await loadGateway()).sealedSecret(facts.stateDir, name)
    },
    async offlineBackup() {
      return (await loadGateway()).offlineBackup(facts.stateDir)
    },
    async runGateway(options) {
      return (await loadGateway()).runGateway(options)
    },
    async startGateway() {
      if (existsSync(script)) await runToEnd('bash', [script, '--no-browser'], facts.installation)
      else await startDetached(facts)
    },
    async openPage(url) {
      if (facts.browserOpener === undefined) return false
      const child = spawn(facts.browserOpener, [url], { detached: true, stdio: 'ignore' })
      child.unref()
      return new Promise((resolve) => child.once('error', () => resolve(false)).once('exit', (code) => resolve(code === 0)))
    },
  }
}

/** `moltbot.json`, or its older name where only that one stands. */
export function defaultConfigFile(stateDir: string): string {
  const file = join(stateDir, 'moltbot.json')
  const older = join(stateDir, 'config.json')
  return !existsSync(file) && existsSync(older) ? older : file
}

/** The configuration as written; {} when there is none. Throws `config-unreadable` for text that is no JSON5. */
export async function readConfigFile(file: string): Promise<Fields> {
  const text = await readTextIfThere(file)
  if (text === undefined) return {}
  try {
    return asFields(JSON.parse(text))
  } catch {
    // Not plain JSON: comments and the like are read by the larger parser, which is loaded only then.
  }
  const { default: json5 } = await import('json5')
  try {
    return asFields(json5.parse(text))
  } catch (error) {
    throw new Problem('config-unreadable', `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, { next: 'Correct the file; moltbot config validate names line and column.', cause: error })
  }
}

async function readTextIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Problem('file-unreadable', `${file} cannot be read: ${(error as Error).message}.`, { next: 'Check its owner and mode.', cause: error })
  }
}

async function runToEnd(command: string, args: string[], directory: string): Promise<void> {
  const child = spawn(command, args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000)
  })
  // 'exit', not 'close': the gateway it leaves behind may keep the pipe.
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve))
  child.stderr.destroy()
  if (code !== 0) throw new Problem('start-failed', `The gateway could not be started${said.trim() === '' ? '' : `: ${said.trim().split('\n').at(-1) ?? ''}`}.`, { next: `Run it yourself to see more: ${command} ${args.join(' ')}` })
}

async function startDetached(facts: MachineFacts): Promise<void> {
  const folder = join(facts.stateDir, 'logs')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const log = await open(join(folder, 'start.log'), 'a', 0o600)
  try {
    const child = spawn(facts.nodePath, [join(facts.installation, 'bin', 'moltbot'), 'gateway', 'run'], { detached: true, stdio: ['ignore', log.fd, log.fd] })
    await new Promise<void>((resolve, reject) => child.once('error', reject).once('spawn', resolve))
    child.unref()
  } finally {
    await log.close()
  }
}
