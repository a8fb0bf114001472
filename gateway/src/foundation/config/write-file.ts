import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { configProblems } from './problems.ts'

/**
 * Replaces a file so that after a crash or power cut either the old or the new text stands there, with mode 600. A link
 * is followed only to a place inside `root`; otherwise `Problem('config-write-refused')` and nothing is written.
 */
export async function writeFileAtomically(file: string, text: string, root: string): Promise<void> {
  const target = await resolveTarget(file, root)
  const directory = dirname(target)
  const temporary = join(directory, `.${basename(target)}.${process.pid}.tmp`)
  // Only a crash of an earlier process with our number leaves one behind; the folder is ours alone.
  await rm(temporary, { force: true })
  const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    await handle.writeFile(text, 'utf8')
    await handle.chmod(0o600)
    await handle.sync()
  } catch (error) {
    await handle.close()
    await rm(temporary, { force: true })
    throw error
  }
  await handle.close()
  await rename(temporary, target)
  const folder = await open(directory, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function resolveTarget(file: string, root: string): Promise<string> {
  const realRoot = await realpath(root)
  let target = join(await realpath(dirname(file)), basename(file))
  try {
    const stat = await lstat(target)
    if (stat.isSymbolicLink()) target = await realpath(target)
    else if (!stat.isFile()) throw configProblems.writeRefused(`${file} is not a regular file.`, 'Move away what stands there.')
  } catch (error) {
    if (!isMissing(error)) throw error
    if (await isDanglingLink(target)) throw configProblems.writeRefused(`${file} is a link to nothing.`, 'Remove the link or create its target.')
  }
  const inside = relative(realRoot, target)
  if (inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw configProblems.writeRefused(`${file} is a link to ${target}, outside ${root}; it is read but never written through.`, 'Edit that file yourself, or replace the link by the file.')
  }
  return target
}

async function isDanglingLink(file: string): Promise<boolean> {
  try {
    return (await lstat(file)).isSymbolicLink()
  } catch {
    // Nothing stands there at all: the ordinary first write.
    return false
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

/** Keeps the last `count` texts of a file as `name.1` (newest) to `name.<count>` in a folder of mode 700. A text equal to the newest is not kept twice. */
export async function keepBackup(folder: string, name: string, text: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const at = (number: number): string => join(folder, `${name}.${number}`)
  try {
    if (await readFile(at(1), 'utf8') === text) return
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  for (let number = count - 1; number >= 1; number--) {
    try {
      await rename(at(number), at(number + 1))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  await writeFileAtomically(at(1), text, folder)
}
