import { readlinkSync, symlinkSync } from 'node:fs'

/**
 * Puts a link to the log at a well-known place, only where nothing stands. Never replaces, follows or removes anything.
 * `present`: our own link is there already; `occupied`: something else is, and stays.
 */
export function linkForTail(target: string, linkPath: string): 'made' | 'present' | 'occupied' {
  try {
    symlinkSync(target, linkPath)
    return 'made'
  } catch {
    // Something stands there, or the place takes no links.
    try {
      return readlinkSync(linkPath) === target ? 'present' : 'occupied'
    } catch {
      // Not a link.
      return 'occupied'
    }
  }
}
