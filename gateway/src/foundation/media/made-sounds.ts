import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem, type Clock, type NewId } from '@moltbot/contract'
import type { MadeSound } from './voices.ts'

/** Who asked for a sound fetches it at once; nobody else has a use for it. */
const keptMs = 10 * 60_000
/** All of them together: the oldest goes first. */
const keptBytesMax = 100_000_000

/** Sounds that lie on the disk until whoever asked for them has fetched them. */
export interface MadeSounds {
  /** Writes one down for the user of this process alone, and resolves with its path. It is gone after ten minutes; sooner, where all of them come to more than 100 MB. Rejects with `file-not-kept`. */
  keep(sound: MadeSound): Promise<string>
  /** Removes all of them. Called at start, for what another process left, and at the end. */
  clear(): Promise<void>
}

export function createMadeSounds({ folder, clock, newId }: { folder: string; clock: Clock; newId: NewId }): MadeSounds {
  const kept = new Map<string, { bytes: number; cancel(): void }>()

  async function remove(path: string): Promise<void> {
    kept.get(path)?.cancel()
    kept.delete(path)
    // What cannot be removed now is removed at the next start.
    await rm(path, { force: true }).catch(() => undefined)
  }

  return {
    async keep({ bytes, extension }) {
      const path = join(folder, `${newId('snd')}.${extension}`)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(path, bytes, { flag: 'wx', mode: 0o600 })
      } catch (cause) {
        await remove(path)
        throw new Problem('file-not-kept', 'The sound could not be written down.', { next: 'Look whether the disk is full.', cause })
      }
      kept.set(path, { bytes: bytes.length, cancel: clock.after(keptMs, () => void remove(path)) })
      let all = [...kept.values()].reduce((sum, each) => sum + each.bytes, 0)
      for (const [oldest, { bytes: size }] of [...kept]) {
        if (all <= keptBytesMax || oldest === path) break
        all -= size
        await remove(oldest)
      }
      return path
    },
    async clear() {
      for (const { cancel } of kept.values()) cancel()
      kept.clear()
      for (const name of await readdir(folder).catch(() => [])) await rm(join(folder, name), { recursive: true, force: true })
    },
  }
}
