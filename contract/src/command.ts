import type { OfflineAudit } from './audit.ts'
import type { OfflineBackup } from './backup.ts'
import type { Review } from './check.ts'
import type { Clock, NewId } from './clock.ts'
import type { OfflineVault, OfflineVaultOptions } from './secret.ts'

/**
 * What an exit code of `moltbot` promises.
 * `ok` 0: done. `failed` 1: it was tried and did not work. `usage` 2: the command line is wrong, nothing was tried.
 * `unreachable` 3: no gateway answers. `refused` 4: the gateway does not accept us or does not allow it.
 * `interrupted` 130: stopped by Ctrl-C.
 */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unreachable: 3, refused: 4, interrupted: 130 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Headings of `moltbot --help`, in this order. */
export type CommandTopic = 'start' | 'talk' | 'look' | 'people' | 'settings' | 'shell'

/** One `--flag`. The key in `Command.flags` is its long name (`dry-run`). */
export type FlagSpec =
  /** Present or not. */
  | { kind: 'boolean'; summary: string; short?: string }
  /** Takes a value; `value` names it in help (`key`). Given twice: the last counts. */
  | { kind: 'text'; value: string; summary: string; short?: string; choices?: readonly string[] }
  /** Takes a whole number within `min`…`max`. */
  | { kind: 'number'; value: string; summary: string; short?: string; min?: number; max?: number }

/** One positional argument. `many` takes all that remain and must be last. */
export interface ArgSpec {
  summary: string
  required?: boolean
  many?: boolean
  choices?: readonly string[]
}

export type FlagValues<Flags extends Record<string, FlagSpec>> = {
  [K in keyof Flags]: Flags[K] extends { kind: 'boolean' } ? boolean : Flags[K] extends { kind: 'number' } ? number | undefined : string | undefined
}

export type ArgValues<Args extends Record<string, ArgSpec>> = {
  [K in keyof Args]: Args[K] extends { many: true } ? string[] : Args[K] extends { required: true } ? string : string | undefined
}

/**
 * One command of `moltbot`, one file on the shelf `cli/src/commands`. Help, completion and the reference page come from this
 * definition. `args` are in the order they are typed.
 */
export interface Command<Args extends Record<string, ArgSpec> = Record<string, ArgSpec>, Flags extends Record<string, FlagSpec> = Record<string, FlagSpec>> {
  /** The words that call it: `status`, `gateway call`. */
  name: string
  /** One sentence without a full stop, for lists. */
  summary: string
  topic: CommandTopic
  /** What the summary does not say. Paragraphs are separated by an empty line. */
  description?: string
  args: Args
  flags: Flags
  /** Whole command lines without `moltbot`. */
  examples?: readonly string[]
  /** True: the group's name alone runs this command (`gateway` runs `gateway run`). */
  groupDefault?: boolean
  /** What `--json` prints: one line for help. Absent: the same facts as the text. */
  json?: string
  /**
   * Does it. Throws `Problem` for what a person can mend; the code of the problem decides the exit code
   * (`usage`, `gateway-unreachable`, `gateway-refused`, anything else: failed).
   */
  run(input: { args: ArgValues<Args>; flags: FlagValues<Flags>; json: boolean }, context: CommandContext): Promise<ExitCode>
}

/** What a command says of itself. */
export type CommandDescription = Omit<Command, 'run'>

/** A command definition, checked by the compiler and returned as it is. */
export function defineCommand<const Args extends Record<string, ArgSpec>, const Flags extends Record<string, FlagSpec>>(command: Command<Args, Flags>): Command<Args, Flags> {
  return command
}

/** All a command may touch. */
export interface CommandContext {
  terminal: Terminal
  /** Connects on the first use and returns the same client afterwards; closed by the caller of the command. Rejects with `gateway-unreachable` or `gateway-refused`. */
  gateway(): Promise<GatewayClient>
  /** A new connection that the command closes itself. For commands that outlive one connection. */
  connect(options?: { caps?: readonly string[] }): Promise<GatewayClient>
  machine: Machine
  /** Prints one result: `data` with `--json`, else the lines. Call once. */
  report(data: unknown, lines: () => string | readonly string[]): void
  clock: Clock
  newId: NewId
  /** Every command there is, in the order of the shelf. Loads them all. */
  commands(): Promise<readonly CommandDescription[]>
}

/** Where a command writes and reads. Text goes out as it is: what came from elsewhere must be made printable first. */
export interface Terminal {
  /** Results: standard output. */
  out(text: string): void
  /** Words about the work, never results: standard error, with a line end. */
  note(text: string): void
  paint: Paint
  /** A person sits there: input and output are terminals. */
  interactive: boolean
  /** 80 when unknown. */
  columns(): number
  /** 24 when unknown. */
  rows(): number
  /** One line that replaces itself; undefined removes it. Nothing when standard error is not a terminal. */
  progress(text: string | undefined): void
  /** All of standard input until its end. An empty string at once when it is a terminal. */
  readInput(): Promise<string>
  /** Standard input line by line, until its end. */
  readLines(): AsyncIterable<string>
  /**
   * Raw keys as they arrive, until the returned function is called; the terminal is restored then, at any exit, and while the process is stopped
   * (Ctrl-Z). `back`: it goes on, and what it shows has to be drawn again. Absent: no keyboard.
   */
  keys?(listener: (data: string) => void, back?: () => void): () => void
  /** The same with the whole window: the alternate screen without line wrap. What stood there before stands there again afterwards. Absent: no keyboard, or a terminal that cannot move its cursor (TERM=dumb). */
  fullScreen?(listener: (data: string) => void, back?: () => void): () => void
  /** Calls back when the window changed. Returns how to stop. */
  onResize(listener: () => void): () => void
  /** Calls back on Ctrl-C instead of ending the process, until the returned function is called. */
  onInterrupt(listener: () => void): () => void
  prompts(): Promise<Prompts>
}

/** Colours; each returns the text unchanged when colour is off. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
  italic(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

/** Questions to a person. Each resolves undefined when the person gave up (Ctrl-C, Escape). */
export interface Prompts {
  intro(text: string): void
  info(text: string): void
  outro(text: string): void
  select(question: { message: string; options: { value: string; label: string; hint?: string }[]; initial?: string }): Promise<string | undefined>
  /** `initial` is what Enter alone answers. */
  text(question: { message: string; placeholder?: string; initial?: string; check?: (value: string) => string | undefined }): Promise<string | undefined>
  /** Typed without being shown. */
  secret(question: { message: string; check?: (value: string) => string | undefined }): Promise<string | undefined>
  confirm(question: { message: string; initial: boolean }): Promise<boolean | undefined>
  /** Shows that something runs; the returned function ends it with a sentence. */
  busy(message: string): (done: string) => void
}

/** One authenticated connection to the gateway. */
export interface GatewayClient {
  url: string
  protocol: number
  serverVersion: string
  /** Methods the gateway announced. */
  methods: readonly string[]
  hello: Record<string, unknown>
  /** Rejects with `Problem`: the gateway's own sentence, `request-timeout`, or `gateway-lost` when the connection ends first. Default deadline 10 s; 0: none. */
  request(method: string, params?: Record<string, unknown>, options?: { timeoutMs?: number }): Promise<unknown>
  /** For methods that answer twice: resolves with the second answer and hands out the first. */
  requestFinal(method: string, params: Record<string, unknown>, options?: { timeoutMs?: number; onAccepted?: (payload: unknown) => void }): Promise<unknown>
  /** Hears every event in order. Returns how to stop. */
  onEvent(listener: (event: string, payload: unknown) => void): () => void
  /** Calls back once when the connection ended without `close`. */
  onLost(listener: (reason: string) => void): () => void
  close(): void
}

/** The part of this computer the command line may touch. */
export interface Machine {
  version: string
  /** `~/.moltbot`, or where the environment says. */
  stateDir: string
  /** The configuration file that is (or would be) used. */
  configFile: string
  /** Name to value; empty when there is no file. Throws `secrets-env-invalid`. */
  readSecrets(): Promise<Map<string, string>>
  /** Adds or replaces one name in `secrets.env` (mode 600, atomic); everything else in the file stays as it is. */
  writeSecret(name: string, value: string): Promise<void>
  /** The same configuration code the gateway uses, on the file itself. */
  offlineConfig(): Promise<OfflineConfig>
  /** The review of this computer's installation by the gateway's own code, without a running gateway. */
  offlineReview(options: ReviewOptions): Promise<Review>
  /** The record of this computer's installation by the gateway's own code, without a running gateway. The caller closes it. */
  offlineAudit(): Promise<OfflineAudit>
  /** The vault of this computer's installation by the gateway's own code, while no gateway runs. The caller closes it. */
  offlineVault(options: OfflineVaultOptions): Promise<OfflineVault>
  /** A secret of the vault of this computer's installation, also while a gateway runs; undefined: there is none of that name. Rejects with why the vault did not open; nobody is asked for a passphrase. */
  sealedSecret(name: string): Promise<string | undefined>
  /** Backups of this computer's installation, by the gateway's own code. */
  offlineBackup(): Promise<OfflineBackup>
  /** Runs the gateway in this process; resolves with the exit code when it has stopped. */
  runGateway(options: GatewayRunOptions): Promise<number>
  /** Starts the gateway in the background; resolves once the starter is done. Readiness is the caller's to check. */
  startGateway(): Promise<void>
  /** Opens an address in the person's browser. False: there is no screen here, or nothing that opens it. */
  openPage(url: string): Promise<boolean>
  /** The command line a person types to start the gateway. */
  startCommand: string
}

/** What `moltbot gateway run` passes on. Absent: configuration decides. */
export interface GatewayRunOptions {
  port?: number
  bind?: string
  /** Stop a gateway of this state directory that is already running. */
  force: boolean
  verbose: boolean
  /** An open file descriptor behind which the vault's passphrase stands. */
  passphraseFd?: number
  /** Asks a person for the vault's passphrase; called only when it is needed. Undefined: they gave up. Absent: nobody is there. */
  askPassphrase?: () => Promise<string | undefined>
}

export interface ReviewOptions {
  /** Only the few essential checks. */
  quick: boolean
  /** Also knock at the gateway's port as a stranger would. */
  deep: boolean
}

/** Configuration without a running gateway. Paths are dotted; failures are the same `Problem`s the running gateway gives. */
export interface OfflineConfig {
  file: string
  /** The value with defaults, secrets masked; the whole configuration without a path. Undefined: not set and no default. */
  get(path?: string): Promise<unknown>
  set(path: string, value: unknown): Promise<void>
  unset(path: string): Promise<void>
  /** `file`: another file than the configuration, where the place is in that. */
  validate(): Promise<{ path: string; file?: string; line: number; column: number; message: string; severity: 'error' | 'warning' }[]>
  schema(): Promise<Record<string, unknown>>
  /** What the owner expects of the judge, held against this configuration. */
  testPolicy(): Promise<ExpectationReport>
}

/** One row of what the owner expects of the judge, and what it says. */
export interface ExpectationResult {
  /** Where the row stands, in words. */
  where: string
  /** What is expected, in words. */
  words: string
  ok: boolean
  /** Null: the judge could not be asked; `because` says why. */
  said: 'allow' | 'ask' | 'deny' | null
  because: string
  /** The owner's own word about the row. */
  why: string | null
}

export interface ExpectationReport {
  /** Where rows can be written that nothing but an editor changes. */
  file: string
  results: ExpectationResult[]
  /** Why that file cannot be used; null: it can, or is not there. */
  fault: string | null
}

/** What the gateway's bundle offers to the command line. */
export interface GatewayModule {
  /** Resolves with the exit code when the gateway has stopped. */
  runGateway(options: GatewayRunOptions): Promise<number>
  offlineConfig(stateDir: string): Promise<OfflineConfig> | OfflineConfig
  /** Looks at the state directory and changes nothing in it. */
  offlineReview(stateDir: string, options: ReviewOptions): Promise<Review>
  /** Opens the record for reading. */
  offlineAudit(stateDir: string): Promise<OfflineAudit>
  /** Opens the vault for work; rejects with `store-locked` while a gateway runs. */
  offlineVault(stateDir: string, options: OfflineVaultOptions): Promise<OfflineVault>
  /** Looks into the vault and changes nothing in it. Undefined: there is no secret of that name, or it is kept for the second factor. */
  sealedSecret(stateDir: string, name: string): Promise<string | undefined>
  offlineBackup(stateDir: string): OfflineBackup
}
