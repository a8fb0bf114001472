import { lstat, readFile, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import type { FileFact, FileRole } from '@moltbot/contract'
import json5 from 'json5'
import type { ConfigSnapshot } from '../../foundation/config/types.ts'

/** So many paths are looked at in the state directory, and so many in each workspace (only for links). */
const stateFilesMax = 5_000
const workspaceFilesMax = 2_000
const workspaceDepthMax = 4
const includeDepthMax = 5

export interface FileSources {
  stateDir: string
  snapshot: ConfigSnapshot
  home: string
  vaultKeyFile: string | undefined
  logLink: string | undefined
  logFile: string | undefined
  /** Absolute folders agents work in, as far as a running gateway knows them. */
  workspaces: readonly string[]
}

/** Everything the review looks at on disk, as it stands. Links are named, never followed. */
export async function fileFacts(sources: FileSources): Promise<{ files: FileFact[]; leftOut: boolean }> {
  const { stateDir, snapshot, home } = sources
  const seen = new Map<string, FileFact>()
  const add = async (role: FileRole, path: string): Promise<FileFact | undefined> => {
    const known = seen.get(path)
    if (known !== undefined) return known
    const fact = await factOf(role, path)
    if (fact !== undefined) seen.set(path, fact)
    return fact
  }
  const expand = (path: string): string => (path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : isAbsolute(path) ? path : resolve(stateDir, path))

  await add('state-dir', stateDir)
  await add('config', snapshot.path)
  await add('config-copy', `${snapshot.path}.last-good`)
  for (const included of await includedFiles(snapshot.path, includeDepthMax)) await add('config-include', included)
  const effective = snapshot.effective
  const tls = fieldsOf(fieldsOf(effective['gateway'])['tls'])
  for (const path of textsOf(tls['keyPath'])) await add('tls-key', expand(path))
  for (const path of valuesNamed(effective['channels'], 'tokenFile')) await add('token-file', expand(path))
  if (sources.vaultKeyFile !== undefined) await add('vault-key', sources.vaultKeyFile)
  if (sources.logFile !== undefined) await add('log', sources.logFile)
  if (sources.logLink !== undefined) await add('log-link', sources.logLink)

  const agents = fieldsOf(effective['agents'])
  const named = [fieldsOf(agents['defaults'])['workspace'], ...(Array.isArray(agents['list']) ? agents['list'].map((agent) => fieldsOf(agent)['workspace']) : [])]
  const inState = (await namesIn(stateDir)).filter((name) => /^workspace(?:-|$)/.test(name)).map((name) => join(stateDir, name))
  for (const workspace of new Set([...named.flatMap(textsOf).map(expand), ...sources.workspaces, ...inState])) {
    if ((await add('workspace', workspace))?.kind === 'folder') await linksIn(workspace, workspaceDepthMax, { left: workspaceFilesMax }, (path) => add('workspace', path))
  }

  const budget = { left: stateFilesMax }
  const walk = async (folder: string): Promise<void> => {
    for (const name of await namesIn(folder)) {
      if (budget.left-- <= 0) return
      const path = join(folder, name)
      const fact = await add(roleOf(path.slice(stateDir.length + 1)), path)
      if (fact?.kind === 'folder' && fact.role !== 'workspace' && path !== join(stateDir, 'people')) await walk(path)
    }
  }
  if (seen.get(stateDir)?.kind === 'folder') await walk(stateDir)
  return { files: [...seen.values()], leftOut: budget.left < 0 }
}

function roleOf(inside: string): FileRole {
  const first = inside.split('/')[0] ?? ''
  if (first === 'credentials' || first === 'identity' || first === 'sessions') return first
  if (first === 'logs') return 'log'
  if (first === 'backups') return 'backup'
  if (inside === 'secrets.env') return 'secrets-env'
  if (/^(?:moltbot|config)\.json\.?/.test(first)) return 'config-copy'
  if (/^workspace(?:-|$)/.test(first)) return 'workspace'
  return 'state'
}

async function factOf(role: FileRole, path: string): Promise<FileFact | undefined> {
  try {
    const { mode, uid, mtimeMs, ...stat } = await lstat(path).then((found) => ({
      mode: found.mode, uid: found.uid, mtimeMs: found.mtimeMs, kind: found.isSymbolicLink() ? 'link' as const : found.isFile() ? 'file' as const : found.isDirectory() ? 'folder' as const : 'other' as const,
    }))
    const fact: FileFact = { role, path, kind: stat.kind, mode: mode & 0o1777, owner: uid, modifiedAt: Math.floor(mtimeMs) }
    return stat.kind === 'link' ? { ...fact, target: await leadsTo(path) } : fact
  } catch {
    // Not there, or gone since it was listed.
    return undefined
  }
}

async function leadsTo(link: string): Promise<string | null> {
  try {
    return await realpath(link)
  } catch {
    // A link to nothing.
    return null
  }
}

async function linksIn(folder: string, depth: number, budget: { left: number }, found: (path: string) => Promise<unknown>): Promise<void> {
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (budget.left-- <= 0) return
      const path = join(folder, entry.name)
      if (entry.isSymbolicLink()) await found(path)
      else if (entry.isDirectory() && depth > 1 && entry.name !== 'node_modules' && entry.name !== '.git') await linksIn(path, depth - 1, budget, found)
    }
  } catch {
    // A folder that may not be read hides its links from the assistant too.
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted()
  } catch {
    // Not there, or not ours to read: then there is nothing to say about what is in it.
    return []
  }
}

/** The files a configuration includes, and what those include. */
async function includedFiles(file: string, depth: number): Promise<string[]> {
  if (depth === 0) return []
  try {
    const found = valuesNamed(json5.parse(await readFile(file, 'utf8')), '$include').map((path) => resolve(dirname(file), path))
    const deeper = await Promise.all(found.map((each) => includedFiles(each, depth - 1)))
    return [...new Set([...found, ...deeper.flat()])].filter((path) => basename(path) !== '')
  } catch {
    // Unreadable: the configuration's own issues say so.
    return []
  }
}

/** Every text under a key of that name, however deep; lists of texts included. */
function valuesNamed(value: unknown, name: string): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => (key === name ? (Array.isArray(inner) ? inner.flatMap(textsOf) : textsOf(inner)) : valuesNamed(inner, name)))
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function textsOf(value: unknown): string[] {
  return typeof value === 'string' && value.trim() !== '' ? [value] : []
}
