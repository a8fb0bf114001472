import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { vaultProblems } from './problems.ts'

/** The system's keyring. Every method throws a `Problem` when it is locked, away, or there is no program to ask it. */
export interface Keyring {
  /** Undefined: it has no such entry. */
  read(account: string): string | undefined
  write(account: string, value: string): void
  remove(account: string): void
}

const service = 'moltbot-vault'
/** A keyring that asks a person in a window must not hold up the start for longer. */
const waitMs = 15_000

/** Programs are taken from fixed places: what a PATH says must not decide who hears the key. */
const programs: Readonly<Record<'secret-tool' | 'security', readonly string[]>> = {
  'secret-tool': ['/usr/bin/secret-tool', '/usr/local/bin/secret-tool', '/run/current-system/sw/bin/secret-tool'],
  'security': ['/usr/bin/security'],
}

export interface KeyringOptions {
  platform: string
  /** What the program needs of the environment to find the session's keyring (`DBUS_SESSION_BUS_ADDRESS`, `XDG_RUNTIME_DIR`, `HOME`). */
  environment: Readonly<Record<string, string | undefined>>
  /** The program itself, for a system that has it elsewhere. Absent: the usual places. */
  program?: string
}

/** libsecret's keyring by `secret-tool`, the login keychain of macOS by `security`. Values travel by standard input, never as arguments. */
export function systemKeyring(options: KeyringOptions): Keyring {
  const { platform } = options
  const mac = platform === 'darwin'
  const program = (): string => {
    const found = options.program ?? programs[mac ? 'security' : 'secret-tool'].find((path) => existsSync(path))
    if (found === undefined) throw vaultProblems.keyringMissing()
    return found
  }
  const environment = Object.fromEntries(['HOME', 'USER', 'LANG', 'DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR', 'DISPLAY', 'WAYLAND_DISPLAY'].flatMap((name) => {
    const value = options.environment[name]
    return value === undefined ? [] : [[name, value]]
  }))

  function ask(args: string[], input = ''): { code: number; out: string; said: string } {
    const ended = spawnSync(program(), args, { input, encoding: 'utf8', timeout: waitMs, env: environment, maxBuffer: 65_536 })
    if (ended.error !== undefined) throw vaultProblems.keyringLocked('code' in ended.error && ended.error.code === 'ETIMEDOUT' ? 'it did not answer' : ended.error.message, ended.error)
    return { code: ended.status ?? -1, out: ended.stdout, said: ended.stderr.trim().split('\n')[0]?.slice(0, 200) ?? '' }
  }

  if (mac) {
    return {
      read(account) {
        const { code, out, said } = ask(['find-generic-password', '-s', service, '-a', account, '-w'])
        if (code === 0) return out.trim()
        // errSecItemNotFound, as `security` reports it.
        if (code === 44) return undefined
        throw vaultProblems.keyringLocked(said === '' ? `it ended with ${code}` : said)
      },
      write(account, value) {
        const { code, said } = ask(['-i'], `add-generic-password -U -s ${service} -a ${account} -w ${value}\n`)
        if (code !== 0 || this.read(account) !== value) throw vaultProblems.keyringRefused(said === '' ? `it ended with ${code}` : said)
      },
      remove: (account) => void ask(['delete-generic-password', '-s', service, '-a', account]),
    }
  }
  return {
    read(account) {
      const { code, out, said } = ask(['lookup', 'service', service, 'account', account])
      if (code === 0 && out.trim() !== '') return out.trim()
      // Without words it has looked and found nothing; with words it could not look.
      if (said === '') return undefined
      throw vaultProblems.keyringLocked(said)
    },
    write(account, value) {
      const { code, said } = ask(['store', '--label=Moltbot vault key', 'service', service, 'account', account], value)
      if (code !== 0 || this.read(account) !== value) throw vaultProblems.keyringRefused(said === '' ? `it ended with ${code}` : said)
    },
    remove: (account) => void ask(['clear', 'service', service, 'account', account]),
  }
}
