import { chmod, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '@moltbot/contract'

/** Numbers by which Linux names file systems (`statfs(2)`); other systems have their own, and nothing is said of them. */
const odd: Readonly<Record<number, string>> = {
  0x01021994: 'memory', 0x858458f6: 'memory', 0x794c7630: 'layer', 0x6969: 'network', 0xff534d42: 'network', 0xfe534d42: 'network', 0x517b: 'network', 0x01021997: 'network',
}
const notes: Readonly<Record<string, string>> = {
  memory: 'lies in memory: everything is gone when this machine restarts. Set MOLTBOT_STATE_DIR to a folder on a disk.',
  layer: 'lies in the changing layer of a container: everything is gone with the container. Mount a volume there.',
  network: 'lies on a network file system, on which locks and flushes may not hold: a power cut may damage the database. Use a disk of this machine.',
}

/** What may be looked at in another way in tests: the number of the file system, and the mode a new private file really has. */
export interface FolderLook { typeOf(folder: string): Promise<number>; modeOf(folder: string): Promise<number> }

const look: FolderLook = {
  typeOf: async (folder) => (process.platform === 'linux' ? (await statfs(folder)).type : 0),
  async modeOf(folder) {
    const probe = join(folder, '.private')
    try {
      await writeFile(probe, '', { mode: 0o600 })
      await chmod(probe, 0o600)
      return (await stat(probe)).mode & 0o777
    } finally {
      await rm(probe, { force: true })
    }
  },
}

/**
 * Looks at where the state is kept, at every start. Resolves with what a person should know of it, in sentences; mostly with nothing. Throws
 * `Problem('state-folder-open')` where a file cannot be kept from others: everything else rests on that.
 */
export async function examineStateFolder(folder: string, { typeOf, modeOf }: FolderLook = look): Promise<string[]> {
  if ((await modeOf(folder)) & 0o077) {
    throw new Problem('state-folder-open', `The file system of ${folder} lets everybody read what is private (it keeps no modes).`, { next: 'Set MOLTBOT_STATE_DIR to a folder on a file system of this machine, not on a FAT, exFAT or Windows drive.' })
  }
  // A file system that does not say what it is is none that is known to be odd.
  const type = await typeOf(folder).catch(() => 0)
  const note = notes[odd[type >>> 0] ?? '']
  return note === undefined ? [] : [`The state folder ${folder} ${note}`]
}
