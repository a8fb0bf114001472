import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import type { AgentId, ConfigView, Logger, ThinkingLevel } from '@moltbot/contract'
import { describeError, mainAgent, Problem } from '@moltbot/contract'
import type { AgentsConfig } from './config.ts'
import { agentsSection } from './config.ts'
import { readSmallFile } from './read-small-file.ts'
import { templates } from './templates.ts'
import type { ToolProfile } from './tool-policy.ts'

/** All that is known of one agent, defaults applied. */
export interface AgentFacts {
  id: AgentId
  name: string
  emoji: string | null
  /** Its manner in a few words; null when nobody said. */
  theme: string | null
  /** A file in its workspace or an https address; null: none. */
  avatar: string | null
  /** Absolute path. Exists once `seed` ran. */
  workspace: string
  isDefault: boolean
  /** As configured: `provider/model`, bare ids or aliases, still to be resolved. `primary` undefined: none was chosen. */
  models: { primary: string | undefined; fallbacks: string[] }
  thinkingDefault: ThinkingLevel
  timeoutMs: number
  /** The most of a context window to use, in tokens; undefined: all of it. */
  contextTokens: number | undefined
  /** `notes` absent: nothing is written down before. */
  compaction: { reserve: number; keepRecentTokens: number; notes?: { softThresholdTokens: number; prompt: string; systemPrompt: string } }
  bootstrapMaxChars: number
  userTimezone: string | undefined
  /** Regular expressions as configured, not yet checked. */
  mentionPatterns: string[]
  /** What it has otherwise than `agents.defaults.sandbox` says. */
  sandbox: NonNullable<AgentsConfig['list'][number]['sandbox']>
  /** `allow` undefined: every tool. `deny` is stronger. */
  tools: { profile: ToolProfile | undefined; allow: string[] | undefined; alsoAllow: string[]; deny: string[]; exec: { allowlist: string[] } }
}

/** What holds for the whole gateway. */
export interface AgentDefaults {
  maxConcurrent: number
  models: { primary: string | undefined; fallbacks: string[] }
  /** Who describes pictures to models that cannot see, in the same form. */
  imageModel: { primary: string | undefined; fallbacks: string[] }
  /** Short name → `provider/model`. */
  aliases: Record<string, string>
  /** `provider/model` → settings for its provider. */
  params: Record<string, Record<string, unknown>>
  userTimezone: string | undefined
  contextTokens: number | undefined
  thinkingDefault: ThinkingLevel
  timeoutMs: number
}

/** One of the prompt files. `text` undefined: it does not exist (or is no ordinary file). */
export interface WorkspaceFile { name: string; text: string | undefined }

export interface Agents {
  /** The door's view: default agent first, then as configured. An agent whose workspace is refused has an empty one. */
  door: { list(): { id: string; name: string; emoji: string | null; workspace: string; isDefault: boolean }[] }
  ids(): AgentId[]
  has(id: string): boolean
  defaultId(): AgentId
  /** Throws `Problem('agent-unknown')`, and `Problem('workspace-refused')` for a workspace that would hold the gateway's own files. The same object until something changed: nobody changes it. */
  get(id: string): AgentFacts
  /** The same object until the configuration changed. */
  defaults(): AgentDefaults
  /** AGENTS.md, SOUL.md, TOOLS.md, IDENTITY.md, USER.md, HEARTBEAT.md, BOOTSTRAP.md, MEMORY.md, in this order, read anew. */
  files(id: string): Promise<WorkspaceFile[]>
  /**
   * Makes every agent's workspace (700) and puts the first files (600) into new ones, once: what a person deletes stays deleted,
   * a folder that already holds something gets nothing. A workspace that can't be made is logged and left to fail where it is used.
   */
  seed(): void
}

export const promptFileNames = ['AGENTS.md', 'SOUL.md', 'TOOLS.md', 'IDENTITY.md', 'USER.md', 'HEARTBEAT.md', 'BOOTSTRAP.md', 'MEMORY.md'] as const

/** How an agent calls itself in its workspace. */
interface Identity { name: string | undefined; emoji: string | undefined }
const nobody: Identity = { name: undefined, emoji: undefined }

const lookAgainAfterMs = 100

interface AgentsOptions {
  config: Pick<ConfigView, 'get'>
  /** Absolute. `~/.moltbot` in configured paths means this folder. */
  stateDir: string
  /** What `~` stands for otherwise; the user's home when left out. */
  home?: string
  log: Logger
  /** Milliseconds. With it, where an agent's workspace leads and how it calls itself is looked at ten times a second at most; a turn asks a dozen times. Absent: at every call. */
  now?: () => number
}

/** The agents this gateway has. Configuration is asked at every call, so a reload takes effect with the next one. */
export function createAgents(options: AgentsOptions): Agents {
  const { stateDir, log } = options
  const home = options.home ?? homedir()
  const identities = new Map<string, Identity & { modifiedAt: number }>()
  let reportedTwins = ''

  /** What a configuration says of its agents, worked out once: it is asked several times in each turn. */
  const read = new WeakMap<AgentsConfig, { list: AgentsConfig['list']; facts: Map<string, { workspace: string; own: Identity; facts: AgentFacts; lookedAt: number | undefined }>; defaults?: AgentDefaults }>()
  const readingOf = (config: AgentsConfig) => {
    let reading = read.get(config)
    if (reading === undefined) read.set(config, (reading = { list: entriesOf(config), facts: new Map() }))
    return reading
  }
  const entries = (config: AgentsConfig): AgentsConfig['list'] => readingOf(config).list

  const entriesOf = (config: AgentsConfig): AgentsConfig['list'] => {
    const seen = new Set<string>()
    const twins: string[] = []
    const kept = config.list.filter((entry) => {
      const fresh = !seen.has(entry.id)
      seen.add(entry.id)
      if (!fresh) twins.push(entry.id)
      return fresh
    })
    if (twins.join() !== reportedTwins) {
      reportedTwins = twins.join()
      if (twins.length > 0) log.warn('two agents have the same id; the first one stands', { ids: twins })
    }
    return kept.length === 0 ? [{ id: mainAgent, default: true }] : kept
  }
  const config = () => options.config.get(agentsSection)
  const defaultOf = (list: AgentsConfig['list']) => (list.find((entry) => entry.default)?.id ?? list[0]?.id ?? mainAgent) as AgentId

  const place = (written: string | undefined, id: string, isDefault: boolean): string => {
    const fallback = join(stateDir, isDefault ? 'workspace' : `workspace-${id}`)
    if (written === undefined || written.trim() === '') return fallback
    const path = written.trim()
    const expanded = path === '~/.moltbot' || path.startsWith('~/.moltbot/') ? join(stateDir, path.slice('~/.moltbot'.length)) : path.startsWith('~/') ? join(home, path.slice(2)) : path
    if (!isAbsolute(expanded)) throw new Problem('workspace-refused', `The workspace of the agent ${id} is not an absolute path.`, { next: 'Write it from the root or from ~/.' })
    return guardedPlace(resolve(expanded), id)
  }

  /** A workspace that contains the state directory, or stands among its secrets and records, would hand them to the model. */
  const guardedPlace = (path: string, id: string): string => {
    const real = realOrAsIs(path)
    const state = realOrAsIs(stateDir)
    const [firstBelow = ''] = real.startsWith(state + sep) ? real.slice(state.length + 1).split(sep) : ['']
    const holdsState = real === state || state.startsWith(real.endsWith(sep) ? real : real + sep)
    if (holdsState || (firstBelow !== '' && !/^workspaces?(?:$|-)/.test(firstBelow))) {
      throw new Problem('workspace-refused', `The workspace of the agent ${id} would contain the gateway's own files.`, { next: 'Choose a folder of its own, for example ~/.moltbot/workspace.' })
    }
    return path
  }

  const identityOf = (workspace: string): Identity => {
    const path = join(workspace, 'IDENTITY.md')
    const known = identities.get(path)
    try {
      if (known !== undefined && lstatSync(path).mtimeMs === known.modifiedAt) return known
    } catch {
      // Gone: read below, which then finds nothing.
    }
    const file = readSmallFile(path)
    if (file === undefined) {
      identities.delete(path)
      return nobody
    }
    const fresh = { modifiedAt: file.modifiedAt, name: identityLine(file.text, 'name', 64), emoji: identityLine(file.text, 'emoji', 16) }
    identities.set(path, fresh)
    return fresh
  }

  const get = (id: string): AgentFacts => {
    const { list, facts } = readingOf(config())
    const entry = list.find((each) => each.id === id)
    if (entry === undefined) throw new Problem('agent-unknown', `There is no agent called ${JSON.stringify(id)}.`, { next: `Use one of: ${list.map((each) => each.id).join(', ')}.` })
    const known = facts.get(id)
    const now = options.now?.()
    if (known?.lookedAt !== undefined && now !== undefined && Math.abs(now - known.lookedAt) < lookAgainAfterMs) return known.facts
    const isDefault = entry.id === defaultOf(list)
    // Where it leads, and how it calls itself, may change under the same configuration.
    const workspace = place(entry.workspace ?? (isDefault ? config().defaults.workspace : undefined), entry.id, isDefault)
    const own = identityOf(workspace)
    const same = known !== undefined && known.workspace === workspace && known.own === own
    const fresh = same ? known.facts : factsOf(entry, workspace, own, isDefault, config())
    facts.set(id, { workspace, own, facts: fresh, lookedAt: now })
    return fresh
  }

  const factsOf = (entry: AgentsConfig['list'][number], workspace: string, own: Identity, isDefault: boolean, { defaults }: AgentsConfig): AgentFacts => {
    const { memoryFlush: notes } = defaults.compaction
    return {
      id: entry.id as AgentId,
      name: entry.name ?? entry.identity?.name ?? own.name ?? entry.id,
      emoji: entry.identity?.emoji ?? own.emoji ?? null,
      theme: entry.identity?.theme ?? null,
      avatar: entry.identity?.avatar ?? null,
      workspace,
      isDefault,
      models: entry.model === undefined ? choice(defaults.model) : choice(entry.model),
      thinkingDefault: entry.thinkingDefault ?? defaults.thinkingDefault ?? 'off',
      timeoutMs: defaults.timeoutSeconds * 1_000,
      contextTokens: defaults.contextTokens,
      compaction: { reserve: defaults.compaction.reserveTokensFloor, keepRecentTokens: defaults.compaction.keepRecentTokens, ...(notes.enabled ? { notes: { softThresholdTokens: notes.softThresholdTokens, prompt: notes.prompt, systemPrompt: notes.systemPrompt } } : {}) },
      bootstrapMaxChars: defaults.bootstrapMaxChars,
      userTimezone: defaults.userTimezone,
      mentionPatterns: [...(entry.groupChat?.mentionPatterns ?? [])],
      sandbox: { ...entry.sandbox },
      tools: { profile: entry.tools?.profile, allow: entry.tools?.allow === undefined ? undefined : [...entry.tools.allow], alsoAllow: [...(entry.tools?.alsoAllow ?? [])], deny: [...(entry.tools?.deny ?? [])], exec: { allowlist: [...(entry.tools?.exec?.allowlist ?? [])] } },
    }
  }

  const ids = () => {
    const list = entries(config())
    const first = defaultOf(list)
    return [first, ...list.map((entry) => entry.id as AgentId).filter((id) => id !== first)]
  }

  return {
    door: {
      list: () => ids().map((id) => {
        try {
          const { name, emoji, workspace, isDefault } = get(id)
          return { id, name, emoji, workspace, isDefault }
        } catch (error) {
          // One agent's refused workspace must not hide the others; it is shown without one.
          log.warn('an agent cannot work', { agent: id, reason: describeError(error) })
          return { id, name: id, emoji: null, workspace: '', isDefault: id === ids()[0] }
        }
      }),
    },
    ids,
    has: (id) => entries(config()).some((entry) => entry.id === id),
    defaultId: () => defaultOf(entries(config())),
    get,
    defaults() {
      const reading = readingOf(config())
      if (reading.defaults !== undefined) return reading.defaults
      const { defaults } = config()
      const named = Object.entries(defaults.models).flatMap(([model, { alias }]) => (alias === undefined ? [] : [[alias.toLowerCase(), model] as const]))
      return (reading.defaults = {
        maxConcurrent: defaults.maxConcurrent,
        models: choice(defaults.model),
        imageModel: choice(defaults.imageModel),
        aliases: Object.fromEntries(named),
        params: Object.fromEntries(Object.entries(defaults.models).map(([model, { params }]) => [model, { ...params }])),
        userTimezone: defaults.userTimezone,
        contextTokens: defaults.contextTokens,
        thinkingDefault: defaults.thinkingDefault ?? 'off',
        timeoutMs: defaults.timeoutSeconds * 1_000,
      })
    },
    async files(id) {
      const { workspace } = get(id)
      return promptFileNames.map((name) => ({ name, text: readSmallFile(join(workspace, name))?.text }))
    },
    seed() {
      for (const id of ids()) {
        try {
          seedWorkspace(get(id).workspace, config().defaults.skipBootstrap)
          readingOf(config()).facts.delete(id)
        } catch (error) {
          log.error('the workspace of an agent could not be prepared', { agent: id, reason: describeError(error) })
        }
      }
    },
  }
}

function choice(model: AgentsConfig['defaults']['model']): { primary: string | undefined; fallbacks: string[] } {
  if (model === undefined) return { primary: undefined, fallbacks: [] }
  if (typeof model === 'string') return { primary: model, fallbacks: [] }
  return { primary: model.primary, fallbacks: [...(model.fallbacks ?? [])] }
}

/** `- **Name:** Molty` and its plainer spellings. Written by whoever writes the workspace, so it is kept to one visible line. */
function identityLine(text: string, key: string, lengthMax: number): string | undefined {
  for (const line of text.slice(0, 20_000).split('\n')) {
    const plain = line.replaceAll(/[*_`]/g, '').replace(/^\s*[-+]?\s*/, '')
    if (!plain.toLowerCase().startsWith(`${key}:`)) continue
    const value = plain.slice(key.length + 1).replaceAll(/[\p{Cc}\p{Co}\p{Cn}\p{Cs}\u202a-\u202e\u2066-\u2069<>[\]]/gu, '').trim()
    return value === '' || value.length > lengthMax ? undefined : value
  }
  return undefined
}

/** Where a path really leads, also when its last steps do not exist yet. */
function realOrAsIs(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // Not there yet: its parent decides.
    const parent = dirname(path)
    return parent === path ? path : join(realOrAsIs(parent), basename(path))
  }
}

/** `.moltbot/seeding` while it is done, `.moltbot/seeded` from then on: a crash between two files is finished next time. */
function seedWorkspace(workspace: string, folderOnly: boolean): void {
  mkdirSync(workspace, { recursive: true, mode: 0o700 })
  if (folderOnly) return
  const state = join(workspace, '.moltbot')
  const seeding = join(state, 'seeding')
  const seeded = join(state, 'seeded')
  if (existsSync(seeded)) return
  const fresh = existsSync(seeding) || readdirSync(workspace).every((name) => name === '.moltbot')
  mkdirSync(state, { recursive: true, mode: 0o700 })
  writeFileSync(seeding, '', { mode: 0o600 })
  if (fresh) {
    for (const [name, text] of Object.entries(templates)) {
      try {
        writeFileSync(join(workspace, name), text, { mode: 0o600, flag: 'wx' })
      } catch (error) {
        // Already there from a start that was cut off: it stays as it is.
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      }
    }
  }
  renameSync(seeding, seeded)
}
