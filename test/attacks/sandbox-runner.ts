import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { AgentId, CommandReport, CommandRequest, Commands, PrincipalId, SandboxProbe, SessionKey } from '@moltbot/contract'
import { countingIds, realClock } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { bwrapIsolation, type BwrapOptions } from '../../gateway/src/journey/sandbox/bwrap.ts'
import type { ExecConfig, SandboxConfig } from '../../gateway/src/journey/sandbox/config.ts'
import { bundleProgram } from '../support/bundle-program.ts'
import { createCommands, execSection, sandboxSection, type CommandRoom, type CommandsOptions } from '../../gateway/src/journey/sandbox/index.ts'

export const subject = { agent: 'main' as AgentId, session: 'agent:main:main' as SessionKey, principal: 'owner' as PrincipalId }
/** An ordinary user that owns nothing on any machine. */
const ordinaryUser = 54_321

export const sandboxDefaults = (changes: Partial<SandboxConfig> = {}): SandboxConfig => ({ ...(Value.Default(sandboxSection.schema, {}) as SandboxConfig), diskReserveMb: 0, ...changes })
const execDefaults = (changes: Partial<ExecConfig> = {}): ExecConfig => ({ ...(Value.Default(execSection.schema, {}) as ExecConfig), ...changes })

/** As long as a test may take: what a command says is looked at once it has ended. */
export const untilItEnded = 240_000

/** A room of commands over one workspace, with the product's own isolation or one that a test has weakened. */
export function roomAt(workspace: string, options: { sandbox?: Partial<SandboxConfig>; exec?: Partial<ExecConfig>; bwrap?: Omit<BwrapOptions, 'clock'>; own?: readonly string[]; egress?: CommandsOptions['egress'] } = {}): CommandRoom {
  const { egress, bwrap } = options
  return createCommands({
    workspaceOf: () => workspace, sandbox: () => sandboxDefaults(options.sandbox), exec: () => execDefaults(options.exec), clock: realClock, newId: countingIds(), own: options.own ?? [],
    ...(bwrap === undefined ? {} : { isolation: () => bwrapIsolation({ clock: realClock, ...bwrap }) }), ...(egress === undefined ? {} : { egress }),
  })
}

/** What attacks are tried on: the same room, once in this process and once in a process of an ordinary user. */
export interface Runner {
  workspace: string
  run(command: string, more?: Partial<CommandRequest>): Promise<CommandReport>
  probe(): Promise<SandboxProbe[]>
  close(): Promise<void>
}

export async function runnerHere(sandbox: Partial<SandboxConfig> = {}): Promise<Runner> {
  const place = mkdtempSync(join(tmpdir(), 'moltbot-sbx-'))
  const workspace = join(place, 'workspace')
  mkdirSync(workspace)
  const room = roomAt(workspace, { sandbox })
  const grant: Commands = room.grant(subject)
  return {
    workspace,
    run: (command, more = {}) => grant.run({ command, yieldMs: untilItEnded, ...more }, new AbortController().signal),
    probe: room.probe,
    async close() {
      await room.close()
      rmSync(place, { recursive: true, force: true })
    },
  }
}

let worker: Promise<string> | undefined
/** The room in another process, told what to do line by line. */
export async function runnerAs(user: number | 'same', sandbox: Partial<SandboxConfig> = {}): Promise<Runner & { process: ChildProcess; begin(command: string): Promise<void> }> {
  const place = mkdtempSync(join(tmpdir(), 'moltbot-sbx-'))
  const workspace = join(place, 'workspace')
  mkdirSync(workspace)
  if (user !== 'same') {
    for (const folder of [place, workspace]) {
      chownSync(folder, user, user)
      chmodSync(folder, 0o700)
    }
  }
  const child = spawn(process.execPath, [await (worker ??= bundleProgram({ file: 'test/attacks/sandbox-worker.ts' })), workspace, JSON.stringify(sandbox)], {
    stdio: ['pipe', 'pipe', 'inherit'], env: { HOME: place, PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir() }, ...(user === 'same' ? {} : { uid: user, gid: user }),
  })
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  let last = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as { id: number; value?: never; error?: string }
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (answer.error === undefined) asked?.resolve(answer.value as never)
    else asked?.reject(new Error(answer.error))
  })
  child.once('exit', () => { for (const asked of waiting.values()) asked.reject(new Error('the worker ended')) })
  const ask = <T>(what: Record<string, unknown>): Promise<T> => new Promise((resolve, reject) => {
    if (child.exitCode !== null || child.signalCode !== null) return reject(new Error('the worker ended before'))
    waiting.set((last += 1), { resolve, reject })
    child.stdin.write(`${JSON.stringify({ id: last, ...what })}\n`)
  })
  return {
    workspace, process: child,
    run: (command, more = {}) => ask({ request: { command, yieldMs: untilItEnded, ...more } }),
    begin: async (command) => void (await ask({ request: { command, yieldMs: 0 } })),
    probe: () => ask({ probe: true }),
    async close() {
      child.kill('SIGKILL')
      rmSync(place, { recursive: true, force: true })
    },
  }
}

export const runnerOfOrdinaryUser = (sandbox?: Partial<SandboxConfig>): ReturnType<typeof runnerAs> => runnerAs(process.getuid?.() === 0 ? ordinaryUser : 'same', sandbox)
