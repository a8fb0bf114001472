import { lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { baseEnvironment } from './isolation.ts'

export interface FindProgramOptions {
  /** Folders in the order in which they are searched; absent: what a command's own search path names. */
  path?: readonly string[]
  /** Who may own programs, as a user's number; absent: root. */
  owner?: number
  /** Where looking upwards ends; absent: the root folder. */
  top?: string
}

/**
 * Where the name of a program leads for a command in the sandbox, whose programs are this machine's own: `at`, the place it is found, `file`,
 * what stands there after all links. Undefined: it is not found, or on the way to it is anything that somebody but root can change.
 */
export function findProgram(word: string, { path = baseEnvironment(false)['PATH']?.split(':') ?? [], owner = 0, top = '/' }: FindProgramOptions = {}): { at: string; file: string } | undefined {
  if (word.includes('/')) return path.some((folder) => realOf(folder) === realOf(dirname(word))) ? look(word, owner, top) : undefined
  for (const folder of path) {
    try {
      lstatSync(join(folder, word))
    } catch {
      // Not here: the search goes on, as the shell's does.
      continue
    }
    // The first of its name is what runs. If that one is not to be trusted, no later one makes it better.
    return look(join(folder, word), owner, top)
  }
  return undefined
}

function look(path: string, owner: number, top: string): { at: string; file: string } | undefined {
  try {
    const folder = realpathSync(dirname(path))
    const at = join(folder, basename(path))
    const file = realpathSync(at)
    const stats = statSync(file)
    if (!stats.isFile() || (stats.mode & 0o111) !== 0o111 || lstatSync(at).uid !== owner) return undefined
    return isHeldBy(owner, file, top) && isHeldBy(owner, folder, top) ? { at, file } : undefined
  } catch {
    // What cannot be looked at cannot be trusted.
    return undefined
  }
}

/** Nobody but that owner and root can change it, or put something else in its place: it and every folder above it. */
function isHeldBy(owner: number, path: string, top: string): boolean {
  const { uid, mode } = statSync(path)
  if ((uid !== owner && uid !== 0) || (mode & 0o022) !== 0) return false
  return path === top || dirname(path) === path || isHeldBy(owner, dirname(path), top)
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    // There is none.
    return undefined
  }
}
