import type { Static, TSchema } from 'typebox'
import type { WebBrowser } from './browsing.ts'
import type { Clock } from './clock.ts'
import type { Commands } from './commands.ts'
import type { JobKeeper } from './jobs.ts'
import type { MemoryKeeper } from './memory.ts'
import type { Messages, OtherSessions } from './messaging.ts'
import type { ImagePart, Origin, TextPart } from './model.ts'
import type { Nodes } from './nodes.ts'
import type { DocumentReader, WebReader } from './web.ts'

/**
 * Classes of what a call does to the world. The judge rules on these, never on tool names.
 * Each effect names its target as plainly as it can be known before the call.
 */
export type Effect =
  | { kind: 'reads-private'; what: string }
  | { kind: 'reads-untrusted'; what: string }
  | { kind: 'writes-workspace'; path: string }
  | { kind: 'writes-outside'; path: string }
  /**
   * `plain`: `what` is a line for the shell, and (true) nothing else steers it: it starts in the workspace itself, without added environment,
   * terminal or open input; or (false) something does. Absent: nobody can tell. Only what is plain can be covered by an allow list.
   */
  | { kind: 'runs-code'; what: string; plain?: boolean }
  /** `url`: the address as the call names it. Absent only where the configuration, not the call, decides what is reached. */
  | { kind: 'reaches-host'; host: string; url?: string }
  /**
   * `how`: on a page. `fills-in`: nothing but typing and choosing; a yes that lasts covers that, there, in one conversation. `acts`: more, which may order, send or
   * delete something, and is asked about each time. Absent: words; a yes that lasts covers whatever is said there.
   * `file`: goes with the words; nobody sees beforehand what is in it, so that each is asked about.
   */
  | { kind: 'sends'; to: string; how?: 'fills-in' | 'acts'; file?: string }
  | { kind: 'spends'; what: string }
  | { kind: 'changes-gateway'; what: string }
  /** Something of the person's own, such as the camera of a page they have open: it asks them itself, each time or once for a while. */
  | { kind: 'uses-device'; what: string }

/** The capabilities that exist. A tool gets exactly those it lists in `needs`, already confined; everything else is absent. */
export interface Grants {
  /** The agent's workspace. Paths are relative to it, `/`-separated; anything that would leave it fails with a `Problem`. */
  'files.read': FileReader
  'files.write': FileWriter
  /** Programs in the sandbox. */
  commands: Commands
  /** Pages and searches, through the egress proxy's rules. */
  web: WebReader
  /** A real browser, through the same proxy. */
  browser: WebBrowser
  /** Documents of the workspace that are not text. */
  documents: DocumentReader
  /** What this person told the agent. */
  memory: MemoryKeeper
  /** Words to chats that are known. */
  messages: Messages
  /** Other conversations of this person, and work handed to sub-agents. */
  sessions: OtherSessions
  /** What is connected of this person's own. */
  nodes: Nodes
  /** What this person has done at set times. */
  jobs: JobKeeper
  /** What the gateway would tell this principal about itself. */
  status: { describe(): Promise<StatusFacts> }
  clock: Clock
}
export type GrantName = keyof Grants

export interface FileReader {
  /** UTF-8 text of a file; `lines` counts all of it. Rejects with a `Problem` when absent, not a regular file, larger than 10 MiB or binary. */
  read(path: string): Promise<{ text: string; lines: number; modifiedAt: number }>
  /** An image for the model to look at; undefined when the file is not a PNG, JPEG, GIF or WebP of at most 5 MB. */
  readImage(path: string): Promise<{ mimeType: string; data: string } | undefined>
  /** Entries of a folder, by name. `depth` 1 is the folder alone. At most 1,000 entries; `more` says that some were left out. */
  list(path: string, depth: number): Promise<{ entries: FileEntry[]; more: boolean }>
  /** Lines that match, in path order. Never follows links, skips binary files and files over 1 MiB. */
  search(query: { text: string; regex: boolean; ignoreCase: boolean; path: string; glob?: string; matchesMax: number }): Promise<{ matches: FileMatch[]; more: boolean }>
}
export interface FileWriter {
  /** Writes the whole file, making folders, replacing atomically; a crash leaves the old or the new content. At most 10 MiB. */
  write(path: string, text: string, options?: { onlyIfModifiedAt?: number }): Promise<{ created: boolean; bytes: number }>
}
export interface FileEntry { path: string; kind: 'file' | 'folder' | 'link' | 'other'; bytes: number; modifiedAt: number }
export interface FileMatch { path: string; line: number; text: string }

/** Plain facts for the status tool and `/status`. */
export interface StatusFacts {
  version: string
  uptimeMs: number
  model: string
  session: string
  contextTokens: number
  contextWindow: number
  queue: string
  /** That everything is paused or stopped, in words. Absent: it works. */
  held?: string
  channels: { id: string; account: string; state: string }[]
  usageToday: { input: number; output: number; costUsd: number | null }
}

export interface ToolResult {
  content: (TextPart | ImagePart)[]
  /** Who this text comes from. Absent: the gateway itself. `external` taints the turn. */
  origin?: 'owner' | Origin
  /** A failure the model should read and act on. */
  isError?: boolean
  /**
   * How what was asked for stands, where more is known than that the call was answered. `undone`: it did not come about, whatever the model
   * makes of the answer. `going`: it is under way. `why` in a few words of our own (`exit 2`). `effect`: what it is about, where another call began it.
   */
  stands?: { kind: 'done' | 'undone' | 'going'; why: string; effect?: Effect }
}

export interface Tool<Schema extends TSchema = TSchema, Needs extends GrantName = GrantName> {
  /** As the model sees it: [a-z_]{1,40}. */
  name: string
  /** For the model; part of every prompt, so every word is paid for on every call. */
  description: string
  input: Schema
  needs: readonly Needs[]
  /** Names it answers to besides its own when a model calls it so. Not offered, so they cost nothing. A list that names one means this tool. */
  aliases?: readonly string[]
  /** What a call by one of the aliases says, as this tool's own input. Pure. Absent: it is the same. */
  fromAlias?(alias: string, input: Record<string, unknown>): Record<string, unknown>
  /** How long a call with this input may take, in ms, for tools that wait for programs or people. Absent: a minute. At most ten. */
  deadlineMs?(input: Static<Schema>): number
  /** What a call with this input does. Pure; must not understate. */
  effects(input: Static<Schema>): Effect[]
  /** One line for a person: what this call will do, with everything that matters visible. */
  summarize(input: Static<Schema>): string
  /** A throw becomes an error result the model reads. Must end soon after `signal` aborts. */
  run(input: Static<Schema>, grants: Pick<Grants, Needs>, signal: AbortSignal): Promise<ToolResult>
}

export function defineTool<Schema extends TSchema, Needs extends GrantName>(tool: Tool<Schema, Needs>): Tool<Schema, Needs> {
  return tool
}
