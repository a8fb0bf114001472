import { statSync } from 'node:fs'

/**
 * Whoever owns the file can change it at any time, so it must be the gateway's own user or root. For a gateway that runs as root the
 * review tells of other owners instead (`fs.foreign_owner`): in a container, the folder of an ordinary user is a common mount.
 */
export function ownerFault(file: string): string | undefined {
  const us = process.getuid?.()
  const owner = statSync(file, { throwIfNoEntry: false })?.uid
  if (us === undefined || us === 0 || owner === undefined || owner === us || owner === 0) return undefined
  return `the file belongs to another user (${owner}), so it is not used; run: sudo chown $(id -un) ${file}`
}

/** Why a file that everybody may write is not used; undefined: not everybody may. */
export function writableByAll(file: string): string | undefined {
  return (modeOf(file) & 0o002) === 0 ? undefined : `every user of this machine can change the file, so it is not used; run: chmod 600 ${file}`
}

/** The permission bits; 0 where nothing stands. */
export function modeOf(file: string): number {
  return (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o777
}
