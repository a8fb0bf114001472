/** What the environment and `secrets.env` say: the only file of the gateway that reads either. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseSecretsEnv, Problem, Secret } from '@moltbot/contract'
import { systemKeyring, type Vault, type VaultOptions } from './foundation/vault/index.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process. */
export function ownEnvironment(): Environment {
  return process.env
}

export function stateDirectory(environment: Environment): string {
  const given = environment['MOLTBOT_STATE_DIR'] ?? environment['CLAWDBOT_STATE_DIR'] ?? ''
  return resolve(given === '' ? join(environment['HOME'] ?? homedir(), '.moltbot') : given)
}

/** Beside the other programs' settings, never in the state directory: a copy of the state alone opens no secret. */
export function vaultKeyFile(environment: Environment): string {
  const given = environment['MOLTBOT_VAULT_KEY_FILE'] ?? ''
  const base = environment['XDG_CONFIG_HOME'] ?? ''
  return given !== '' ? resolve(given) : join(base === '' ? join(environment['HOME'] ?? homedir(), '.config') : base, 'moltbot', 'vault.key')
}

/** Beside other programs' state, never in ours: who restores an older state directory does not restore it too. */
export function auditAnchorFile(environment: Environment): string {
  const base = environment['XDG_STATE_HOME'] ?? ''
  return join(base === '' ? join(environment['HOME'] ?? homedir(), '.local', 'state') : base, 'moltbot', 'audit-anchor.jsonl')
}

export function configPath(environment: Environment): string | undefined {
  return environment['MOLTBOT_CONFIG_PATH'] ?? environment['CLAWDBOT_CONFIG_PATH']
}

/** What a channel's own process gets of the environment: where programs and certificates are, the language, and the way to the network. No value of ours, and no key of anybody. */
export function environmentOfChannels(environment: Environment): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_USE_ENV_PROXY', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']
  return Object.fromEntries(names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])))
}

/** What a backup beside the gateway gets: where everything lies and who it belongs to. No value of ours, and no key of anybody. */
export function environmentOfBackups(environment: Environment): Record<string, string> {
  const names = [
    'PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'CREDENTIALS_DIRECTORY',
    'MOLTBOT_STATE_DIR', 'CLAWDBOT_STATE_DIR', 'MOLTBOT_CONFIG_PATH', 'CLAWDBOT_CONFIG_PATH', 'MOLTBOT_VAULT_KEY_FILE',
  ]
  return Object.fromEntries(names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])))
}

/** Where the vault's key may be besides its file. */
export function keyPlaces(environment: Environment): Pick<VaultOptions, 'credentialsDir' | 'keyring'> {
  const credentialsDir = environment['CREDENTIALS_DIRECTORY'] ?? ''
  return { keyring: systemKeyring({ platform: process.platform, environment }), ...(credentialsDir === '' ? {} : { credentialsDir }) }
}

/** The process's environment over `secrets.env`. */
export function mergeEnvironment(stateDir: string, environment: Environment): Record<string, string | undefined> {
  const file = join(stateDir, 'secrets.env')
  if (!existsSync(file)) return { ...environment }
  const { mode, uid } = statSync(file)
  const us = process.getuid?.()
  // Whoever can change the file decides which keys and tokens count. Who can only read it is kept out when the modes are mended.
  if ((mode & 0o022) !== 0 || (us !== undefined && us !== 0 && uid !== us && uid !== 0)) {
    throw new Problem('secrets-env-unsafe', `${file} can be changed by others, so it is not read.`, { next: 'Look whether every line is yours, then run: bash scripts/secure-permissions.sh' })
  }
  return { ...Object.fromEntries(parseSecretsEnv(readFileSync(file, 'utf8'))), ...Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== '')) }
}

/** The values with every `${secret:NAME}` of `secrets.env` standing for the vault's value of the moment. A sealed value that cannot be read is not set. */
export function withSealed(values: Environment, secrets: Pick<Vault, 'get'>, onFailure?: (name: string, error: unknown) => void): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = { ...values }
  for (const [name, value] of Object.entries(values)) {
    const reference = /^\$\{secret:([^}]+)\}$/.exec(value ?? '')?.[1]
    if (reference === undefined) continue
    Object.defineProperty(environment, name, {
      enumerable: true,
      get() {
        try {
          return secrets.get(reference)?.open(`${name} of secrets.env`)
        } catch (error) {
          onFailure?.(name, error)
          return undefined
        }
      },
    })
  }
  return environment
}

export function firstSecret(environment: Environment, names: readonly string[]): Secret | undefined {
  const name = names.find((each) => (environment[each] ?? '') !== '')
  return name === undefined ? undefined : new Secret(name, environment[name] ?? '')
}
