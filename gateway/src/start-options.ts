/** What a gateway is started with, and what is had of it then. */
import type { Clock, Tool } from '@moltbot/contract'
import type { Rooms } from './api/index.ts'
import type { Config } from './foundation/config/index.ts'
import type { EgressOptions } from './foundation/egress/index.ts'
import type { Vault } from './foundation/vault/index.ts'
import type { Journey } from './journey/handle-message.ts'

export interface StartOptions {
  stateDir: string
  environment: Readonly<Record<string, string | undefined>>
  version: string
  /** The built page; undefined: `/` says how to build it. */
  uiDir: string | undefined
  port?: number
  bind?: string
  /** Shown on the console as well as in the file. */
  console?: { write(text: string): void; color: boolean }
  verbose?: boolean
  /** Where the vault's key lies; outside the state directory. */
  vaultKeyFile: string
  /** Where the record is anchored when the configuration says nothing; absent: beside the vault's key. */
  auditAnchorFile?: string
  /** Asked when the vault's key is a passphrase; absent or undefined: it stays locked until somebody unlocks it. */
  vaultPassphrase?: () => Promise<string | undefined>
  /** The link people tail; absent: none. */
  logLink?: string
  /** Writes a sealed backup for age recipients; absent: none makes itself. */
  makeBackup?: (file: string, recipients: readonly string[]) => Promise<{ bytes: number }>
  /** Replaced in tests. */
  clock?: Clock
  fetch?: typeof globalThis.fetch
  /** Stands in for the network that tools reach. */
  network?: Pick<EgressOptions, 'resolve' | 'open' | 'ca'>
  /** Stands in for the program that reads documents. */
  reader?: { file: string; args: readonly string[] }
  /** What the agents may call; absent: what is on the shelf. */
  tools?: readonly Tool[]
  onShutdown?: (reason: string, restart: boolean) => void
}

export interface Gateway {
  port: number
  addresses: string[]
  rooms: Rooms
  journey: Journey
  config: Config
  vault: Vault
  /** The shared token as it is now. */
  token(): Promise<string>
  /** Stops in order: no new work, channels closed, what runs checkpointed, store closed. Calling twice is harmless. */
  close(why?: { reason?: string; restart?: boolean }): Promise<void>
}
