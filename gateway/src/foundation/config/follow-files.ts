import { basename } from 'node:path'
import type { Clock, Logger } from '@moltbot/contract'
import { watch } from 'chokidar'

const debounceMs = 300

/** Files that are followed. */
export interface FollowedFiles {
  /** Follows these as well. */
  add(paths: readonly string[]): void
  close(): Promise<void>
}

/**
 * Follows files of one folder by their names, and others by their paths. Calls `touched` with the name of each that changes, at once, and `changed` a
 * moment after the last of several changes. Resolves once every later change in the folder is seen. Imports the watcher: loaded where something is followed.
 */
export async function followFiles(options: {
  folder: string
  names: ReadonlySet<string>
  clock: Clock
  log: Logger
  touched(name: string): void
  changed(): void
}): Promise<FollowedFiles> {
  const { folder, names, clock, log } = options
  let cancel = (): void => {}
  // The folder, not the file: editors replace files, and a watch on the old one would hear nothing more.
  const inFolder = watch(folder, { depth: 0, ignoreInitial: true, ignored: (path) => path !== folder && !names.has(basename(path)) })
  const others = watch([], { ignoreInitial: true })
  for (const watcher of [inFolder, others]) {
    watcher.on('all', (_event, path) => {
      options.touched(basename(path))
      cancel()
      cancel = clock.after(debounceMs, options.changed)
    })
    watcher.on('error', (error) => log.warn('the configuration file is not followed', { error }))
  }
  await new Promise<void>((ready) => inFolder.once('ready', () => ready()))
  return {
    add: (paths) => void others.add([...paths]),
    async close() {
      cancel()
      await Promise.all([inFolder.close(), others.close()])
    },
  }
}
