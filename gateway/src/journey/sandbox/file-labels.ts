import { realpathSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Commands, FileReader, FileWriter, Migration, Origin, Store } from '@moltbot/contract'
import { parsePath } from './parse-path.ts'

/** What the grants of one call know of whose words steer its turn, and tell of it. */
export interface CallLabel {
  /** Strangers' words may be steering the turn: what it writes counts as theirs. */
  tainted(): boolean
  /** Whether this call may reach this address. */
  mayReach(url: string): boolean
  /** Whose they are; undefined: nobody's but the person's own. Absent: strangers', when `tainted` says so. */
  origin?(): Origin | undefined
  /** What was handed out holds strangers' words, whatever the tool says of it. */
  tookStrange(): void
}

/** What something made by a call counts as. Of a call of which nobody says whose words steer it, the worst. */
export function originOf(label: CallLabel | undefined): Origin | undefined {
  if (label === undefined) return 'external'
  return label.origin === undefined ? (label.tainted() ? 'external' : undefined) : label.origin()
}

/** Files whose content strangers' words may have made: what was written under their influence is theirs when it is read back, whoever reads it. */
export const fileLabelsMigration: Migration = {
  name: '0001-sandbox-file-labels',
  sql: `CREATE TABLE file_labels (workspace TEXT NOT NULL, path TEXT NOT NULL, label TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (workspace, path))`,
}

/** Entries of a workspace that are compared before and after a command; with more, everything in it counts as changed. */
export const walkMax = 10_000

export interface FileLabels {
  /** Any file of this workspace is a stranger's. */
  any(root: string): Promise<boolean>
  isStrange(root: string, path: string): Promise<boolean>
  mark(root: string, path: string): Promise<void>
  /** A person's own turn has replaced the whole file. */
  clear(root: string, path: string): Promise<void>
  /**
   * Around a command that strangers' words may steer or reach. Until the returned function has resolved everything in the workspace counts as
   * theirs, afterwards what changed; a gateway that dies in between leaves the former.
   */
  watch(root: string): Promise<() => Promise<void>>
  reader(reader: FileReader, root: string, label: CallLabel | undefined): FileReader
  writer(writer: FileWriter, root: string, label: CallLabel | undefined): FileWriter
  commands(commands: Commands, root: string, label: CallLabel | undefined): Commands
}

type Label = 'external' | 'own'
/** The path that stands for everything without a label of its own. */
const everything = ''
const strange: Label = 'external'

export function createFileLabels(options: { store: Store; clock: Clock }): FileLabels {
  const { store, clock } = options
  /** What the table holds, by workspace; only written together with it. */
  const known = new Map<string, Promise<Map<string, Label>>>()
  /** Commands under way, and whether everything counted as strange before the first of them. */
  const running = new Map<string, { count: number; before: boolean }>()

  function labelsOf(workspace: string): Promise<Map<string, Label>> {
    let labels = known.get(workspace)
    if (labels === undefined) {
      labels = store.read.all('SELECT path, label FROM file_labels WHERE workspace = ?', workspace).then((rows) => new Map(rows.map((row) => [String(row['path']), row['label'] as Label])))
      labels.catch(() => known.delete(workspace))
      known.set(workspace, labels)
    }
    return labels
  }

  /** `undefined` takes a label away. */
  async function change(workspace: string, changes: readonly (readonly [path: string, label: Label | undefined])[]): Promise<void> {
    const labels = await labelsOf(workspace)
    const news = changes.filter(([path, label]) => labels.get(path) !== label)
    if (news.length === 0) return
    await store.transaction(async (tx) => {
      for (const [path, label] of news) {
        if (label === undefined) await tx.run('DELETE FROM file_labels WHERE workspace = ? AND path = ?', workspace, path)
        else await tx.run('INSERT INTO file_labels (workspace, path, label, since) VALUES (?, ?, ?, ?) ON CONFLICT (workspace, path) DO UPDATE SET label = excluded.label, since = excluded.since', workspace, path, label, clock.now())
      }
    })
    for (const [path, label] of news) {
      if (label === undefined) labels.delete(path)
      else labels.set(path, label)
    }
  }

  async function isStrange(root: string, path: string): Promise<boolean> {
    const labels = await labelsOf(workspaceKey(root))
    return (labels.get(fileKey(path)) ?? labels.get(everything)) === strange
  }
  const any = async (root: string): Promise<boolean> => [...(await labelsOf(workspaceKey(root))).values()].includes(strange)
  const mark = (root: string, path: string): Promise<void> => change(workspaceKey(root), [[fileKey(path), strange]])
  async function clear(root: string, path: string): Promise<void> {
    const workspace = workspaceKey(root)
    await change(workspace, [[fileKey(path), (await labelsOf(workspace)).get(everything) === strange ? 'own' : undefined]])
  }

  return {
    any, isStrange, mark, clear,
    async watch(root) {
      const workspace = workspaceKey(root)
      const before = await walk(workspace)
      const wasStrange = (await labelsOf(workspace)).get(everything) === strange
      const state = running.get(workspace) ?? { count: 0, before: wasStrange }
      running.set(workspace, state)
      state.count += 1
      await change(workspace, [[everything, strange]])
      return async () => {
        const after = await walk(workspace)
        const labels = await labelsOf(workspace)
        state.before ||= before === undefined || after === undefined
        const changes: (readonly [string, Label | undefined])[] = []
        if (before !== undefined && after !== undefined) {
          for (const [path, print] of after) if (before.get(path) !== print) changes.push([path, strange])
          for (const path of labels.keys()) if (path !== everything && !after.has(path)) changes.push([path, undefined])
        }
        state.count -= 1
        if (state.count === 0) running.delete(workspace)
        await change(workspace, [...changes, ...(state.count === 0 && !state.before ? [[everything, undefined] as const] : [])])
      }
    },

    reader(reader, root, label) {
      /** Looked at before and after: somebody may have written, or cleared the label, meanwhile. */
      async function told<T>(paths: (given: T) => readonly string[], path: string | undefined, work: () => Promise<T>): Promise<T> {
        const before = path !== undefined && (await isStrange(root, path))
        const given = await work()
        const strangeNow = await Promise.all(paths(given).map((each) => isStrange(root, each)))
        if (before || strangeNow.includes(true)) label?.tookStrange()
        return given
      }
      return {
        read: (path) => told(() => [path], path, () => reader.read(path)),
        readImage: (path) => told(() => [path], path, () => reader.readImage(path)),
        list: (path, depth) => told(({ entries }) => entries.map((entry) => entry.path), undefined, () => reader.list(path, depth)),
        search: (query) => told(({ matches }) => matches.map((match) => match.path), undefined, () => reader.search(query)),
      }
    },

    writer: (writer, root, label) => ({
      async write(path, text, how) {
        const tainted = label?.tainted() !== false
        if (tainted) await mark(root, path)
        const done = await writer.write(path, text, how)
        // Whoever says what the file must have been changes a part of it.
        if (!tainted && how?.onlyIfModifiedAt === undefined) await clear(root, path)
        return done
      },
    }),

    commands(commands, root, label) {
      const told = async <T>(work: Promise<T>): Promise<T> => {
        const given = await work
        if (await any(root)) label?.tookStrange()
        return given
      }
      return {
        run: (request, signal) => told(commands.run(request, signal)),
        list: () => told(commands.list()),
        poll: (id, waitMs, signal) => told(commands.poll(id, waitMs, signal)),
        log: (id, offset, limit) => told(commands.log(id, offset, limit)),
        write: (id, text, end) => commands.write(id, text, end),
        kill: (id) => commands.kill(id),
      }
    },
  }
}

/** One name for one folder. */
function workspaceKey(root: string): string {
  try {
    return realpathSync.native(root)
  } catch {
    // It is not there yet; nothing in it has a label.
    return root
  }
}

/** One name for one file, also where case makes no difference to the disk. */
function fileKey(path: string): string {
  const plain = parsePath(path, { folder: true }).join('/')
  return process.platform === 'darwin' ? plain.toLowerCase() : plain
}

/** What stands in a folder, each entry with a print that changes with it; undefined: too much to tell. Follows no links. */
async function walk(root: string): Promise<Map<string, string> | undefined> {
  const found = new Map<string, string>()
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const names = await readdir(join(root, folder)).catch(() => undefined)
    if (names === undefined || found.size + names.length > walkMax) return undefined
    const at = folder
    await Promise.all(names.map(async (name) => {
      const path = at === '' ? name : `${at}/${name}`
      const stats = await lstat(join(root, path)).catch(() => undefined)
      if (stats === undefined) return
      if (stats.isDirectory()) folders.push(path)
      found.set(process.platform === 'darwin' ? path.toLowerCase() : path, stats.isDirectory() ? 'folder' : `${stats.ino}:${stats.size}:${stats.ctimeMs}`)
    }))
  }
  return found
}
