import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** One look at the end of a log. */
export interface LogTail { cursor: number; size: number; lines: string[]; truncated: boolean; reset: boolean }

/**
 * Whole lines from a byte position, or the last ones without it. The new cursor stands behind the last whole line, so
 * that nothing is shown twice or torn. `reset`: the file is not the one the cursor was made for; `truncated`: there
 * was more than was asked for. A missing file is an empty one.
 */
export async function tailLog(file: string, cursor: number | undefined, limit: number, maxBytes: number): Promise<LogTail> {
  let handle
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { cursor: 0, size: 0, lines: [], truncated: false, reset: (cursor ?? 0) > 0 }
    throw error
  }
  try {
    const { size } = await handle.stat()
    const reset = cursor !== undefined && cursor > size
    const from = cursor === undefined || reset ? 0 : Math.max(0, Math.floor(cursor))
    const start = Math.max(from, size - maxBytes)
    // One byte more shows whether the first line is whole.
    const first = start > from ? start - 1 : start
    const buffer = Buffer.alloc(Math.max(0, size - first))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, first)
    let bytes = buffer.subarray(0, bytesRead)
    let truncated = start > from
    if (start > from) {
      const line = bytes.indexOf(10)
      bytes = line < 0 ? bytes.subarray(bytes.length) : bytes.subarray(line + 1)
    }
    const end = bytes.lastIndexOf(10) + 1
    const whole = bytes.subarray(0, end).toString('utf8')
    let lines = whole === '' ? [] : whole.slice(0, -1).split('\n')
    if (lines.length > limit) {
      lines = lines.slice(lines.length - limit)
      truncated = true
    }
    return { cursor: size - (bytes.length - end), size, lines, truncated, reset }
  } finally {
    await handle.close()
  }
}
