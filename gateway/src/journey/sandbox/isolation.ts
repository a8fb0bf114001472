import type { Readable, Writable } from 'node:stream'
import type { SandboxFacts } from '@moltbot/contract'
import type { SandboxConfig } from './config.ts'

/** Where the workspace stands inside, whatever isolates. */
export const workspaceInside = '/workspace'
export const homeInside = '/home/agent'

/** One program to run and all that it may see. Made by us alone; nothing in it comes from a model but the words, the folder and the added names. */
export interface IsolatedProgram {
  /** Words; the first is looked up on the fixed search path inside. */
  words: readonly string[]
  /** Steps below the workspace. */
  folder: readonly string[]
  /** Added to the small environment. Already checked. */
  env: Readonly<Record<string, string>>
  /** The workspace on this machine: absolute, resolved. */
  workspace: string
  access: 'ro' | 'rw'
  /** Files and folders below the workspace that look empty inside, as steps. None of them is or stands behind a link. */
  hidden: readonly { steps: readonly string[]; kind: 'file' | 'folder' }[]
  pty: boolean
  input: boolean
  limits: Limits
  /** Further folders to read. Already checked. */
  readOnly: readonly string[]
  /** The way out: a socket of the egress proxy and who is asking. Absent: no network at all. */
  egress?: { socket: string; user: string; password: string }
  /** Made-up files besides those of every sandbox. Only bubblewrap has them. */
  files?: readonly MadeUpFile[]
  /** Two pipes besides: the program reads from its descriptor 3 and answers on its 4. Only bubblewrap has them. */
  control?: boolean
}

/** A file that exists only inside. */
export interface MadeUpFile { path: string; text: string }

export type Limits = Pick<SandboxConfig, 'memoryMb' | 'processes' | 'fileMb' | 'openFiles' | 'tmpMb'>

/** A program that runs, isolated. */
export interface IsolatedProcess {
  /** Absent: its input reads as ended. */
  input: Writable | undefined
  /** What it says, both streams in order. */
  output: Readable
  /** Our ends of the pipes that were asked for with `control`. */
  control?: { toProgram: Writable; fromProgram: Readable }
  /** Resolves when nothing of the tree is left. Never rejects. */
  ended: Promise<{ code: number }>
  /** Asks the programs inside to end. */
  ask(): void
  /** Ends the whole tree now. Calling twice is harmless. */
  kill(): void
  /** Bytes of memory and processes of the tree. Absent where a limit of the kernel counts them already. */
  usage?(): { memory: number; processes: number }
}

/** One way to isolate. */
export interface Isolation {
  backend: Exclude<SandboxFacts['backend'], 'none'>
  /** Folders besides the temporary and the home one that a command may write: its own, in memory, gone when it ends. */
  inMemory?: readonly string[]
  /** False: commands have no terminal in it. */
  terminal?: false
  /** Whether it works here, tried with a real program once a minute at most. Never rejects. */
  check(): Promise<{ available: true; weaker: readonly string[] } | { available: false; reason: string; remedy: string }>
  /** Throws only when the program could not even be started. */
  start(program: IsolatedProgram): IsolatedProcess
  /** What holds inside, a line each; for people. */
  promises: readonly string[]
  /** Everything that decides what is seen and allowed, as plain data, for the identity of the profile. */
  describe(program: Omit<IsolatedProgram, 'words' | 'folder' | 'env' | 'pty' | 'input' | 'egress'>): unknown
}

/** The environment of every command. */
export function baseEnvironment(pty: boolean): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/moltbot/bin', HOME: homeInside, USER: 'agent', LOGNAME: 'agent', SHELL: '/bin/sh',
    LANG: 'C.UTF-8', TERM: pty ? 'xterm-256color' : 'dumb', TMPDIR: '/tmp', MOLTBOT_SANDBOX: '1',
  }
}

/** One word for a POSIX shell, whatever is in it. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll('\'', String.raw`'\''`)}'`
}
