import { existsSync } from 'node:fs'
import { vaultProblems } from './problems.ts'
import { readSealed, writeSealed } from './sealed-file.ts'

/** What is remembered of a vault apart from it, so that an old copy is recognised. */
interface Known { generation: number; keyId: string; file: string }

export interface Floor {
  /**
   * The last generation written of each vault, as it is now; 0: nothing is known. Taken before the vault itself is read, it is
   * never above what a writer beside us has just put there.
   */
  take(): (vaultId: string) => number
  /** Remembers a vault's state, and writes only what changes. A lower generation is kept only when `lower`. */
  keep(vaultId: string, known: Known, lower?: boolean): void
  /** Another vault that the same key opens and that still stands there; undefined: none. */
  sharedWith(vaultId: string, keyId: string): string | undefined
}

/** The floor of every vault whose key is at this place, in one file beside it. */
export function openFloor(file: string): Floor {
  function read(): Map<string, Known> {
    const found = readSealed(file)
    if (found === undefined) return new Map()
    try {
      const parsed: unknown = JSON.parse(found.text)
      if (typeof parsed !== 'object' || parsed === null) throw new Error('not an object')
      return new Map(Object.entries(parsed).map(([id, known]) => [id, checked(known)]))
    } catch {
      // Whatever is wrong with it: it can't tell old from new any more.
      throw vaultProblems.floorDamaged(file)
    }
  }
  return {
    take() {
      const all = read()
      return (vaultId) => all.get(vaultId)?.generation ?? 0
    },
    keep(vaultId, known, lower = false) {
      const all = read()
      const before = all.get(vaultId)
      if (before !== undefined && before.generation > known.generation && !lower) return
      if (before !== undefined && before.generation === known.generation && before.keyId === known.keyId && before.file === known.file) return
      all.set(vaultId, known)
      writeSealed(file, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`, { fresh: false })
    },
    sharedWith: (vaultId, keyId) => [...read()].find(([id, known]) => id !== vaultId && known.keyId === keyId && existsSync(known.file))?.[1].file,
  }
}

function checked(known: unknown): Known {
  if (typeof known !== 'object' || known === null) throw new Error('not an object')
  const { generation, keyId, file } = known as Record<string, unknown>
  if (!Number.isSafeInteger(generation) || typeof keyId !== 'string' || typeof file !== 'string') throw new Error('parts are missing')
  return { generation: generation as number, keyId, file }
}
