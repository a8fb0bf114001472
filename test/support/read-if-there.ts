import { readFileSync } from 'node:fs'

/** The text of a file of `/proc`; nothing where its process or thread ended before it was read. */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It ended while we looked.
    return ''
  }
}
