import type { ConfigView, SecretSource } from '@moltbot/contract'

export interface ConfigIssue {
  /** Dotted path of the key, '' for the whole file. */
  path: string
  /** The included file it stands in. Absent: the configuration file itself. */
  file?: string
  /** 1-based position in the file; 0 when it has none (an environment value). */
  line: number
  column: number
  /** A sentence that names the key, what is wrong and what would be right. */
  message: string
  severity: 'error' | 'warning'
}

/** The file as it stands and what became of it. */
export interface ConfigSnapshot {
  path: string
  exists: boolean
  /** The text of the file; null when there is none. Contains whatever the person wrote, including plain secrets. */
  raw: string | null
  /** `raw` with every plain secret replaced by `__MOLTBOT_REDACTED__`; written back, that mark means the value that is there. Null or absent: nothing that could be shown. */
  redactedRaw?: string | null
  /** SHA-256 hex of `raw`; undefined when there is no file. */
  hash: string | undefined
  /** As written (parsed, not substituted); {} when absent or unreadable. */
  parsed: Record<string, unknown>
  /** `parsed` with every plain secret replaced by the mark; references stay. */
  redactedParsed?: Record<string, unknown>
  /** With defaults, substituted, secrets replaced by `__MOLTBOT_REDACTED__`. */
  effective: Record<string, unknown>
  issues: ConfigIssue[]
}

/**
 * What holds for a configuration besides the schemas of its sections. Resolves with what speaks against it, empty: nothing. `use`: whether it would
 * be taken, or is in force and would be kept. An issue with a path and line 0 gets its place in the file.
 */
export type ConfigRule = (candidate: ConfigView, use: 'take' | 'keep') => Promise<ConfigIssue[]>

export interface ConfigDoor extends ConfigView {
  snapshot(): ConfigSnapshot
  /** The JSON Schema of the whole file, with `description` and `default` everywhere. */
  schema(): Record<string, unknown>
  /** Replaces the whole text. `baseHash` must match what is on disk. Invalid text changes nothing and throws `Problem('config-invalid', …, {details:{issues}})`; a stale hash `Problem('config-changed')`. */
  replace(raw: string, baseHash: string | undefined): Promise<ConfigSnapshot>
  /** Merge-patch (null deletes, arrays replace); comments and layout of everything else stay. Same failures. */
  patch(changes: Record<string, unknown>, baseHash: string | undefined): Promise<ConfigSnapshot>
  /** Sets or (undefined) unsets one dotted path. Same failures. */
  set(path: string, value: unknown): Promise<ConfigSnapshot>
  /** Calls back after every reload, good or bad. */
  onReload(listener: (snapshot: ConfigSnapshot) => void): () => void
  secrets: SecretSource
}

/** A section's page of the reference. */
export interface ConfigPage {
  path: string
  title: string
  markdown: string
}
