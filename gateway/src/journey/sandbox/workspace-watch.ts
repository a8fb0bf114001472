import { createHash } from 'node:crypto'
import { readFile, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { lookAt, openFolder, openRoot, type HeldFolder } from './held-folder.ts'
import { holdsKeys } from './protected-paths.ts'

/** How far and how much is looked at before a command starts. */
const depthMax = 3
const entriesMax = 3_000
/** Machine-made and huge; keys by custom stand elsewhere. */
const passedOver: readonly string[] = ['node_modules', '.venv', '__pycache__', 'target', 'dist']

export interface Hidden { steps: readonly string[]; kind: 'file' | 'folder' }

/**
 * What holds keys by custom (`.env`, private keys, `.ssh/`) in the upper folders of a workspace: commands see it empty. Links are
 * passed over: they lead nowhere inside.
 */
export async function keysIn(workspace: string): Promise<Hidden[]> {
  const found: Hidden[] = []
  let left = entriesMax
  const visit = async (steps: readonly string[]): Promise<void> => {
    const entries = await readdir(join(workspace, ...steps), { withFileTypes: true })
    for (const entry of entries) {
      if ((left -= 1) < 0) return
      const at = [...steps, entry.name]
      // Without its configuration no repository works; what stands there is not masked but watched.
      if (entry.name === '.git') continue
      if (entry.isFile() && holdsKeys(at)) found.push({ steps: at, kind: 'file' })
      else if (entry.isDirectory() && holdsKeys(at)) found.push({ steps: at, kind: 'folder' })
      else if (entry.isDirectory() && at.length < depthMax && !passedOver.includes(entry.name)) await visit(at)
    }
  }
  await visit([])
  return found
}

/** Obeyed by shells, editors and package managers of whoever later stands in this folder. */
const obeyedNames: readonly string[] = [
  '.bashrc', '.bash_profile', '.bash_login', '.bash_logout', '.profile', '.zshrc', '.zshenv', '.zprofile', '.zlogin', '.envrc', '.npmrc', '.yarnrc', '.yarnrc.yml', '.pnpmfile.cjs', '.mcp.json', '.vscode', '.idea',
  '.gitconfig', '.gitmodules', '.ripgreprc', '.curlrc', '.wgetrc', '.netrc', '.inputrc', '.vimrc', '.exrc', '.nvimrc', '.tmux.conf', '.gdbinit', '.lldbinit', '.pythonrc.py', '.pypirc', '.condarc', '.claude', '.cursor',
  '.moltbot', 'skills', 'hooks', 'sitecustomize.py', 'usercustomize.py',
]
/** Settings of a repository that name a program: a key may stand on the line of its section, and a value on the line after a backslash. */
const runsPrograms = /^[^\S\n\r\u2028\u2029]*(?:\[pager\b|(?:\[.*\][^\S\n\r\u2028\u2029]*)?(?:(?:fsmonitor|askpass|clean|smudge|process|textconv|external|driver|insteadof|path|worktree|uploadpack|receivepack|vcs|templatedir|allow|\w*(?:cmd|command|hook|hookspath|proxy|program|editor|pager|helper|filter|browser))[^\S\n\r\u2028\u2029]*=|\w[\w-]*[^\S\n\r\u2028\u2029]*=[\s"'\\]*!))/im

type Seen = Map<string, string>

/** What stood at the places that are obeyed; compared after a command. */
export async function lookAtObeyed(workspace: string): Promise<Seen> {
  const seen: Seen = new Map()
  await eachObeyed(workspace, async (folder, steps, name) => {
    const print = await fingerprint(folder, name)
    if (print !== undefined) seen.set([...steps, name].join('/'), print)
  })
  return seen
}

/**
 * Puts aside what a command newly left where programs would obey it, under a name nobody obeys. What stood there before, and
 * what merely changed in a repository's settings without naming a program, stays.
 */
export async function putAside(workspace: string, before: Seen, stamp: string): Promise<{ from: string; to: string }[]> {
  const moved: { from: string; to: string }[] = []
  await eachObeyed(workspace, async (folder, steps, name) => {
    const path = [...steps, name].join('/')
    const print = await fingerprint(folder, name)
    if (print === undefined || before.get(path) === print) return
    if (name.endsWith('.sample')) return
    if (steps.at(-1) === '.git' && name === 'config' && print.startsWith('file:')) return
    const aside = `from-command-${stamp}-${name.replace(/^\.+/, '')}`
    await rename(folder.child(name), folder.child(aside))
    moved.push({ from: path, to: [...steps, aside].join('/') })
  })
  return moved
}

/** Calls for every entry at an obeyed place that is there. Never follows a link on the way. */
async function eachObeyed(workspace: string, use: (folder: HeldFolder, steps: readonly string[], name: string) => Promise<void>): Promise<void> {
  const root = await openRoot(workspace)
  const inFolder = async (parent: HeldFolder, name: string, then: (folder: HeldFolder) => Promise<void>): Promise<void> => {
    const entry = await lookAt(parent, name)
    if (entry === undefined || !entry.isDirectory()) return
    const folder = await openFolder(parent, name)
    if (folder === undefined) return
    try {
      await then(folder)
    } finally {
      await folder.handle.close()
    }
  }
  try {
    for (const name of obeyedNames) if ((await lookAt(root, name)) !== undefined) await use(root, [], name)
    await inFolder(root, '.git', async (git) => {
      for (const name of ['config', 'config.worktree']) if ((await lookAt(git, name)) !== undefined) await use(git, ['.git'], name)
      await inFolder(git, 'hooks', async (hooks) => {
        for (const name of await readdir(hooks.child('.'))) if (!name.startsWith('from-command-')) await use(hooks, ['.git', 'hooks'], name)
      })
    })
  } finally {
    await root.handle.close()
  }
}

/** What an entry is, as a text that changes with it; undefined: it vanished. A folder is what its names are. */
async function fingerprint(folder: HeldFolder, name: string): Promise<string | undefined> {
  const entry = await lookAt(folder, name)
  if (entry === undefined) return undefined
  if (entry.isDirectory()) return `folder:${entry.ino}:${(await readdir(folder.child(name)).catch(() => [])).sort().join('/')}`
  if (!entry.isFile()) return `other:${entry.ino}:${entry.ctimeNs}`
  if (entry.size > 1_000_000n) return `large:${entry.ino}:${entry.ctimeNs}`
  const text = await readFile(folder.child(name), 'utf8')
  return `${runsPrograms.test(text) ? 'programs' : 'file'}:${createHash('sha256').update(text).digest('hex')}`
}

