import { spawn } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Clock } from '@moltbot/contract'
import { Secret } from '@moltbot/contract'
import { configProblems } from './problems.ts'
import { isPlainObject } from './schema-walk.ts'
import { referenceName, textAtPointer } from './secret-reference.ts'
import type { SecretProvider, SecretReference } from './secret-reference.ts'

export interface ResolveOptions {
  variable(name: string): string | undefined
  secret(name: string): string | undefined
  environment: Readonly<Record<string, string | undefined>>
  clock: Clock
  /** Hears that a program was run for a secret, and how it ended, before the value is used. A rejection keeps the value back. */
  onCommand?: (run: SecretCommandRun) => Promise<void>
}

/** A program that was run to get a secret. Never holds the value. */
export interface SecretCommandRun { command: string; provider: string; id: string; ok: boolean; reason: string }

const textMax = 65_536
const fileMax = 1_048_576
const waitMs = 5_000

/** Fetches what a reference stands for. Throws `secret-reference-failed`, which says what to do and never holds a value. */
export async function resolveReference(reference: SecretReference, provider: SecretProvider | undefined, options: ResolveOptions): Promise<Secret> {
  const fail = (reason: string): never => {
    throw configProblems.referenceFailed(referenceName(reference), reason)
  }
  if (provider !== undefined && provider.source !== reference.source) return fail(`secrets.providers.${reference.provider} is of another source (${provider.source})`)
  const value = await valueOf()
  if (value === undefined || value === '') return fail('there is no such value')
  if (value.length > textMax) return fail('it is longer than 64 KiB')
  return new Secret(referenceName(reference), value)

  async function valueOf(): Promise<string | undefined> {
    switch (reference.source) {
      case 'env':
        if (provider?.allowlist !== undefined && !provider.allowlist.includes(reference.id)) return fail(`secrets.providers.${reference.provider}.allowlist does not name it`)
        return options.variable(reference.id)
      case 'store': return options.secret(reference.id)
      case 'file': return provider?.path === undefined ? fail(`secrets.providers.${reference.provider} names no file`) : fromFile(provider.path, provider.mode ?? 'json')
      default: return provider?.command === undefined ? fail(`secrets.providers.${reference.provider} names no command`) : fromCommand(provider.command, provider)
    }
  }

  function fromFile(given: string, mode: 'json' | 'singleValue'): string | undefined {
    const file = withHome(given)
    if (!isAbsolute(file)) return fail(`${given} is not an absolute path`)
    const text = readPrivate(file)
    if (mode === 'singleValue') return reference.id === 'value' ? text.trim() : fail('the id for a file with a single value is "value"')
    try {
      return textAtPointer(JSON.parse(text), reference.id)
    } catch {
      // The parser's words would repeat parts of the text.
      return fail(`${file} is not JSON`)
    }
  }

  function withHome(path: string): string {
    const home = options.environment['HOME'] ?? ''
    return path.startsWith('~/') && home !== '' ? join(home, path.slice(2)) : path
  }

  function readPrivate(file: string): string {
    let handle: number
    try {
      handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    } catch {
      // Absent or not for us: the same for whoever has to mend it.
      return fail(`${file} cannot be read`)
    }
    try {
      const stat = fstatSync(handle)
      if (!stat.isFile() || stat.size > fileMax) return fail(`${file} is not a file of at most 1 MiB`)
      if (!isOurs(stat) || (stat.mode & 0o077) !== 0) return fail(`others can read or change ${file}; run: chmod 600 ${file}`)
      return readFileSync(handle, 'utf8')
    } finally {
      closeSync(handle)
    }
  }

  async function fromCommand(given: string, { args = [], passEnv = [], timeoutMs = waitMs, maxOutputBytes = textMax, jsonOnly = true }: SecretProvider): Promise<string | undefined> {
    const command = checkedCommand(withHome(given))
    const asked = args.some((arg) => arg.includes('{id}'))
    const report = async (ok: boolean, reason: string): Promise<void> => options.onCommand?.({ command, provider: reference.provider, id: reference.id, ok, reason })
    const environment = Object.fromEntries(passEnv.flatMap((name) => {
      const value = options.environment[name]
      return value === undefined ? [] : [[name, value]]
    }))
    const input = asked ? '' : `${JSON.stringify({ protocolVersion: 1, provider: reference.provider, ids: [reference.id] })}\n`
    const ended = await run(command, args.map((arg) => arg.replaceAll('{id}', reference.id)), environment, input, timeoutMs, maxOutputBytes)
    if ('wrong' in ended) {
      await report(false, ended.wrong)
      return fail(`${command} ${ended.wrong}`)
    }
    await report(true, 'a value was read')
    const text = ended.out.trim()
    if (asked) return text
    try {
      const answer: unknown = JSON.parse(text)
      const value = isPlainObject(answer) && isPlainObject(answer['values']) && Object.hasOwn(answer['values'], reference.id) ? answer['values'][reference.id] : undefined
      if (typeof value === 'string') return value
      return jsonOnly || isPlainObject(answer) ? fail(`${command} did not answer with {values: {…}}`) : text
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'secret-reference-failed') throw error
      return jsonOnly ? fail(`${command} did not answer in JSON`) : text
    }
  }

  /** The program behind all links: nobody but its owner and root may be able to put another in its place. */
  function checkedCommand(given: string): string {
    if (!isAbsolute(given)) return fail(`the command ${given} is not an absolute path`)
    let command: string
    let stat: Stats
    try {
      command = realpathSync(given)
      stat = statSync(command)
    } catch {
      // Not there, or not for us to look at.
      return fail(`there is no program ${given}`)
    }
    if (!stat.isFile() || !isOurs(stat) || (stat.mode & 0o022) !== 0) return fail(`others can change the program ${command}; run: chmod go-w ${command}`)
    return command
  }

  function run(command: string, args: string[], environment: Record<string, string>, input: string, timeoutMs: number, most: number): Promise<{ out: string } | { wrong: string }> {
    return new Promise((resolve) => {
      const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'ignore'], cwd: '/', shell: false })
      const chunks: Buffer[] = []
      let size = 0
      let wrong: string | undefined
      const end = (reason: string): void => {
        wrong ??= reason
        child.kill('SIGKILL')
      }
      const cancel = options.clock.after(timeoutMs, () => end(`did not end within ${timeoutMs} ms`))
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > most) end(`said more than ${most} bytes`)
        else chunks.push(chunk)
      })
      child.stdin.on('error', () => undefined) // It may end without reading what it was asked.
      child.stdin.end(input)
      child.on('error', () => {
        cancel()
        resolve({ wrong: 'could not be started' })
      })
      child.on('close', (code) => {
        cancel()
        resolve(wrong !== undefined ? { wrong } : code === 0 ? { out: Buffer.concat(chunks).toString('utf8') } : { wrong: `ended with ${code ?? 'a signal'}` })
      })
    })
  }
}

function isOurs(stat: Stats): boolean {
  const user = process.getuid?.()
  return user === undefined || stat.uid === user || stat.uid === 0
}
