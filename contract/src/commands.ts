/**
 * The grant `commands`: programs run for a session, isolated from the machine. Whoever holds it sees and touches only the
 * processes of its own session. Nothing here ever runs outside the isolation: where there is none, `run` rejects.
 */
export interface Commands {
  /**
   * Starts a program and waits for its end, or until `yieldMs` are over: then it goes on by itself and its `id` is for `poll`.
   * Rejects with `Problem('sandbox-unavailable')` (its `next` is the one command that mends it), `command-refused` for what is
   * never run (too long, NUL, reserved environment names), `commands-full` when the session runs too many already.
   * `signal` ends the whole tree as long as this call waits.
   */
  run(request: CommandRequest, signal: AbortSignal): Promise<CommandReport>
  /** What runs, and what ended within the last half hour; newest last. */
  list(): Promise<CommandFacts[]>
  /** What was said since the last report. Waits up to `waitMs` (default 0) for the end. Rejects with `command-unknown`. */
  poll(id: string, waitMs: number, signal: AbortSignal): Promise<CommandReport>
  /** Kept output from a character position on, as it was said, escapes included. `offset` below 0 counts from the end. */
  log(id: string, offset: number, limit: number): Promise<CommandLog>
  /** Types into the program. `end` closes its input afterwards. Rejects with `command-over` once it has ended. */
  write(id: string, text: string, end: boolean): Promise<void>
  /** Ends the whole tree and resolves when nothing of it is left. Of what has ended already: forgets it. */
  kill(id: string): Promise<CommandFacts>
}

export interface CommandRequest {
  /** A shell's text, or the words of one program that no shell looks at. */
  command: string | readonly string[]
  /** Folder in the workspace; absent: its root. The same paths as the file grants take. */
  cwd?: string
  /** Added to the small environment every command gets. Names that steer loaders, shells, interpreters or proxies are refused. */
  env?: Readonly<Record<string, string>>
  /** After this it is ended with all its children. Absent: as configured (`tools.exec.timeoutSec`). */
  timeoutMs?: number
  /** How long `run` waits. 0: it goes to the background at once. Absent: as configured (`tools.exec.backgroundMs`). */
  yieldMs?: number
  /** With a terminal of its own, for programs that insist on one. Its input stays open. */
  pty?: boolean
  /** Its input stays open for `write`. Absent: it reads an end at once, so that nothing waits for words nobody sends. */
  input?: boolean
}

export type CommandState =
  | { kind: 'running' }
  /** `code` as a shell counts: 128 and the signal's number for a program ended by one. */
  | { kind: 'exited'; code: number }
  /** Ended by us: its time was up, someone stopped or killed it, it took too much (`why` says of what), the gateway stopped. */
  | { kind: 'ended'; by: 'timeout' | 'stop' | 'kill' | 'limit' | 'shutdown'; why: string }

export interface CommandFacts {
  id: string
  /** One line, as asked. */
  command: string
  cwd: string
  /** Epoch ms. */
  startedAt: number
  endedAt: number | null
  state: CommandState
  /** Characters said so far. */
  said: number
  /** It could reach hosts: what it said may come from outside. */
  network: boolean
}

export interface CommandReport extends CommandFacts {
  /** What was said since the last report, escapes and control characters taken out, at most 30,000 characters: beginning and end. */
  output: string
  /** Files that were put aside after its end, because programs obey them (`.bashrc`, `.git/hooks/…`): old and new name. */
  putAside: readonly { from: string; to: string }[]
}

export interface CommandLog {
  text: string
  /** Where `text` begins and ends. */
  from: number
  to: number
  /** Characters said in all. What was left out of the middle of a very long output is told in `text`. */
  said: number
}

/** What the isolation is, for people. */
export interface SandboxFacts {
  backend: 'bwrap' | 'docker' | 'podman' | 'seatbelt' | 'none'
  /** It was tried and holds. */
  available: boolean
  /** Why not, and the one command that mends it. */
  reason: string | null
  remedy: string | null
  scope: 'session' | 'agent' | 'shared'
  workspaceAccess: 'none' | 'ro' | 'rw'
  /** `none`, or by which way programs reach granted hosts. */
  network: 'none' | 'proxy'
  /** One promise a line. */
  promises: readonly string[]
  /** What this machine or its set-up weakens, one line each. */
  weaker: readonly string[]
  /** SHA-256 over the profile: it changes with any part of it. */
  profile: string
  /** Whether agents can have a browser here, and if not, why and the one command that mends it. */
  browser?: BrowserFacts
}

export interface BrowserFacts { available: boolean; reason: string | null; remedy: string | null }

/** One attempt to break out. `held` null: it could not be tried here, `saw` says why. */
export interface SandboxProbe { id: string; what: string; held: boolean | null; saw: string }
