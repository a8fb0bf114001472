import type { PrincipalId } from '@moltbot/contract'

/** Who asked, and by which way: `cli`, `web`, `chat`, `offline` (asked while no gateway ran). */
export interface HaltActor { principal: PrincipalId; via: 'cli' | 'web' | 'chat' | 'offline' }

/** Times are epoch ms. */
export type HaltState =
  | { kind: 'running' }
  /** What comes in is written down and waits; what was being done waits before its next step. */
  | { kind: 'paused'; since: number; by: PrincipalId; via: string }
  /** Nothing runs. `incident`: the folder with what was found. `done`: every step of the panic was taken. */
  | { kind: 'panic'; since: number; by: PrincipalId; via: string; incident: string; done: boolean }

/** What a panic did. */
export interface PanicReport {
  incident: string
  /** It was in panic already: the steps were taken again, what was found the first time was left as it was. */
  again: boolean
  /** Turns that were stopped, commands that were ended with their trees. */
  turns: number
  commands: number
  /** Messages that wait for the resuming. */
  waiting: number
  /** What no longer counts. */
  browsers: number
  devices: number
  grants: number
  approvals: number
  /** Files in the folder. */
  files: string[]
  /** Steps that failed, in words; the others were taken all the same. */
  faults: string[]
  tookMs: number
}

/** `totp`: a code of the enrolled authenticator. `local`: the code in a private file of this machine. */
export type HaltFactor = 'totp' | 'local'

/** What the door and the chat may ask. */
export interface HaltDoor {
  state(): HaltState
  /** Idempotent. Throws `Problem('halt-panic')` while in panic. */
  pause(by: HaltActor): Promise<HaltState>
  /** Stops everything; idempotent. Resolves when each step was taken or has failed, never rejects for one that failed. */
  panic(by: HaltActor): Promise<PanicReport>
  /**
   * Sets it going again; after a panic only with `code`. `forget`: what waited is let go. Throws `Problem('halt-code-needed')`,
   * `Problem('halt-code-wrong')`, `Problem('halt-code-locked')`, `Problem('halt-code-local')`.
   */
  resume(by: HaltActor, how: { code?: string; forget?: boolean }): Promise<{ was: HaltState['kind']; forgotten: number }>
  /** Which second factor is asked for. `local`: its file (mode 600) exists when this resolves. */
  challenge(): Promise<{ factor: HaltFactor; file?: string }>
  /** Which second factor it would be; makes no file. */
  factor(): HaltFactor
  /**
   * A new authenticator, shown once. Needs the factor of the moment; not during a panic. With `confirm` it counts only after `confirm` was
   * called with its first code, and until then everything is as it was. Throws as `resume` and `Problem('halt-panic')`.
   */
  enroll(by: HaltActor, code: string | undefined, how?: { confirm?: boolean }): Promise<{ uri: string; secret: string; recovery: string }>
  /** The first code of the authenticator this one was shown, within ten minutes and this process. Throws `Problem('halt-code-wrong')`, `Problem('halt-enroll-over')`, `Problem('halt-panic')`. */
  confirm(by: HaltActor, code: string): Promise<void>
  /** Takes the authenticator away. Throws as `enroll` and `Problem('halt-not-enrolled')`. */
  unenroll(by: HaltActor, code: string | undefined): Promise<void>
}
