import { linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { editSecretsEnv, parseSecretsEnv } from '@moltbot/contract'
import { readSealed, shred, writeSealed } from './sealed-file.ts'
import { vaultProblems } from './problems.ts'
import type { VaultDoor } from './types.ts'

export interface Absorbed {
  /** Names whose values are in the vault now. */
  moved: string[]
  /** Names that were references already, empty, or the gateway's own credential. */
  left: string[]
}

const referenceShape = /^\$\{secret:[^}]*\}$/
/** What clients on this computer show the gateway: they read it here themselves and cannot open the vault. */
const ownCredential = /^(?:MOLTBOT|CLAWDBOT|OPENCLAW)_GATEWAY_(?:TOKEN|PASSWORD)$/

/**
 * Moves every value of `secrets.env` into the vault under its own name and leaves `NAME='${secret:NAME}'`. The file is
 * replaced only when every value can be read back from the vault; the old one is overwritten and removed. Run again after
 * any interruption, it completes what is missing.
 */
export async function absorbSecretsEnv(file: string, vault: Pick<VaultDoor, 'get' | 'set'>): Promise<Absorbed> {
  const found = readSealed(file)
  const old = `${file}.absorbed`
  clearAside(file, old)
  if (found === undefined) return { moved: [], left: [] }
  const values = parseSecretsEnv(found.text)
  const absorbed: Absorbed = { moved: [], left: [] }
  let text = found.text
  for (const [name, value] of values) {
    if (value === '' || referenceShape.test(value) || ownCredential.test(name)) {
      absorbed.left.push(name)
      continue
    }
    if (vault.get(name)?.open('comparing before it is absorbed') !== value) await vault.set(name, value)
    if (vault.get(name)?.open('making sure it was absorbed') !== value) throw vaultProblems.damaged(name, 'a value that was just sealed cannot be read back')
    text = editSecretsEnv(text, name, `\${secret:${name}}`)
    absorbed.moved.push(name)
  }
  if (absorbed.moved.length === 0) return absorbed
  const next = `${file}.next`
  writeSealed(next, withoutValues(text, values), { fresh: false })
  // At every moment `file` is the old or the new text; the old bytes stay reachable until they are overwritten.
  linkSync(file, old)
  renameSync(next, file)
  shred(old)
  return absorbed
}

/** Comments can hold values, too: the old key somebody only commented out. */
function withoutValues(text: string, values: ReadonlyMap<string, string>): string {
  let clean = text
  for (const [name, value] of values) if (value.length >= 6 && !referenceShape.test(value) && !ownCredential.test(name)) clean = clean.replaceAll(value, '(moved to the vault)')
  return clean
}

/** What an interrupted earlier run put aside is a full copy of the values, unless it still is the file itself. */
function clearAside(file: string, old: string): void {
  const aside = statSync(old, { throwIfNoEntry: false })
  if (aside === undefined) return
  if (aside.ino === statSync(file, { throwIfNoEntry: false })?.ino) rmSync(old)
  else shred(old)
}

/** Names in a `secrets.env` whose values stand there in the clear. */
export function plainNames(file: string): string[] {
  return [...parseSecretsEnv(readSealed(file)?.text ?? '')].flatMap(([name, value]) => (value === '' || referenceShape.test(value) || ownCredential.test(name) ? [] : [name]))
}
