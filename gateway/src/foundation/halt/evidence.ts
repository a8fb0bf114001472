import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A new private folder for what was found. Its name is the moment. */
export function incidentFolder(stateDir: string, at: number): string {
  const parent = join(stateDir, 'incidents')
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  chmodSync(parent, 0o700)
  const name = new Date(at).toISOString().slice(0, 19).replaceAll(':', '-')
  for (let count = 1; ; count += 1) {
    const folder = join(parent, count === 1 ? name : `${name}-${count}`)
    if (existsSync(folder)) continue
    mkdirSync(folder, { mode: 0o700 })
    return folder
  }
}

/** Writes what is not there yet: what was found first stays as it was found. */
export function keepEvidence(folder: string, name: string, content: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!existsSync(join(folder, name))) writeFileSync(join(folder, name), content, { mode: 0o600, flag: 'wx' })
}

export function evidenceIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : []
}
