import type { Static, TSchema } from 'typebox'

/**
 * One part of the configuration, owned by one room. Its schema is the single source of type, default, validation,
 * help text (`description`), JSON Schema, settings form and docs page. Every property needs a description and,
 * unless it is required, a default; a section whose keys are all absent is valid.
 */
export interface Section<Schema extends TSchema = TSchema> {
  /** Where it stands in the file, dotted: `gateway`, `channels.telegram`. Sections never overlap except by nesting under a listed path. */
  path: string
  /** One line for the docs page and the settings form. */
  title: string
  schema: Schema
  /** What a change needs: `hot` (takes effect at the next use), `reconnect` (the channel is restarted), `restart` (the process). */
  reload: 'hot' | 'reconnect' | 'restart'
  /** Dotted paths inside the section (with `*` for map keys) whose values are secrets: shown masked, may be references. */
  secrets?: readonly string[]
}

export function defineSection<Schema extends TSchema>(section: Section<Schema>): Section<Schema> {
  return section
}

/** How a room reads its configuration. Always the last valid values; a broken section yields its last good or default values. */
export interface ConfigView {
  /** The section's values with defaults applied and `${VAR}` substituted. Frozen; ask again instead of keeping it. Secrets are not included: see `SecretSource`. */
  get<Schema extends TSchema>(section: Section<Schema>): Static<Schema>
  /** Calls back after a change of this section took effect. Returns how to stop. */
  onChange<Schema extends TSchema>(section: Section<Schema>, listener: (now: Static<Schema>) => void): () => void
  /** False while the section in the file is broken (the room then runs on its last good or default values). */
  healthy(section: Section): boolean
}

/** Where rooms get secrets from: the vault, an environment name, a file; by the dotted configuration path that refers to it. */
export interface SecretSource {
  /** Undefined when nothing is configured at that path nor in its environment names. */
  get(configPath: string): Promise<import('./secret.ts').Secret | undefined>
}
