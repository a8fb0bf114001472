import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'

/** The most that is ever read of one workspace file, in bytes; what is beyond it could not stand in a prompt anyway. */
const bytesMax = 1024 * 1024

/**
 * The text of a regular file, cut at 1 MiB. Undefined: absent, or a link, pipe, device or folder, which are not followed, waited on
 * or told apart: a prompt must not carry what stands outside the workspace.
 */
export function readSmallFile(path: string): { text: string; modifiedAt: number } | undefined {
  let descriptor: number
  try {
    // Most prompt files are absent in most workspaces, and a refused open costs an exception each time.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch {
    // Absent or not to be opened: for a prompt both mean that it is not there.
    return undefined
  }
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile() || stats.nlink > 1) return undefined
    const bytes = Buffer.alloc(Math.min(stats.size, bytesMax))
    let size = 0
    while (size < bytes.length) {
      const read = readSync(descriptor, bytes, size, bytes.length - size, size)
      if (read === 0) break
      size += read
    }
    return { text: new TextDecoder().decode(bytes.subarray(0, size)), modifiedAt: stats.mtimeMs }
  } finally {
    closeSync(descriptor)
  }
}
