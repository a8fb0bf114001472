import { isAbsolute, join, resolve } from 'node:path'
import type { Section, SecretSource } from '@moltbot/contract'
import { Secret, describeError } from '@moltbot/contract'
import { parsePath, valueAt } from './config-path.ts'
import { configProblems } from './problems.ts'
import { readText } from './read-tree.ts'
import type { ReferencedValues } from './referenced-values.ts'
import { environmentNames } from './secret-keys.ts'
import { isReference, parseReference } from './secret-reference.ts'
import { substitute } from './substitute.ts'
import type { References } from './substitute.ts'
import { isMissing } from './write-file.ts'

/** Of which it is remembered where they stand. */
const placesMax = 1_000

/** Where the secrets of a configuration stand: at their key, in a file it names, in a variable, in the vault. */
export function createSecretSource(options: {
  stateDir: string
  environment: Readonly<Record<string, string | undefined>>
  sections: readonly Section[]
  vault: { get(name: string): Secret | undefined }
  referenced: ReferencedValues
  /** The whole file as written. */
  written(): Record<string, unknown>
  /** What of a section is in effect, as written. */
  writtenOf(section: string): Record<string, unknown>
  onSecret: ((value: string) => void) | undefined
}): SecretSource {
  const { environment, sections, vault, referenced } = options

  /** Where a path stands, worked out once: secrets are asked for at every request and every call. */
  const places = new Map<string, { owner: ReturnType<typeof ownerOf>; steps: readonly string[] }>()
  function placeOf(path: string): { owner: ReturnType<typeof ownerOf>; steps: readonly string[] } {
    const known = places.get(path)
    if (known !== undefined) return known
    const steps = parsePath(path)
    if (steps === undefined) throw configProblems.pathInvalid(path)
    const place = { owner: ownerOf(sections, steps), steps }
    if (places.size < placesMax) places.set(path, place)
    return place
  }

  function hide(name: string, value: string): Secret {
    options.onSecret?.(value)
    return new Secret(name, value)
  }

  return {
    async get(path) {
      const written = options.written()
      const lookup = referenced.in(written)
      if (path.startsWith('env:')) {
        const value = lookup.variable(path.slice(4))
        return value === undefined ? undefined : hide(path, value)
      }
      if (path.startsWith('vault:')) return vault.get(path.slice(6))
      const { owner, steps } = placeOf(path)
      // What is in effect, so that a broken section keeps its last good secrets along with its values.
      const from = owner === undefined ? written : options.writtenOf(owner.path)
      const inside = steps.slice(owner?.own.length ?? 0)
      const found = valueAt(from, inside)
      if (isReference(found)) {
        const parsed = parseReference(found)
        if ('wrong' in parsed) throw configProblems.referenceFailed(path, parsed.wrong)
        const known = referenced.fetched(written, parsed)
        return known === undefined ? referenced.fetch(written, parsed) : hide(path, known)
      }
      if (typeof found === 'string' && found !== '') {
        const result = substitute(found, lookup)
        if ('missing' in result) throw configProblems.secretUnresolved(path, result.missing)
        if (result.value !== '') return hide(path, result.value)
      }
      const fromFile = secretFile(from, inside, path, lookup)
      if (fromFile !== undefined) return hide(path, fromFile)
      for (const name of environmentNames(steps)) {
        const value = lookup.variable(name)
        if (value !== undefined) return hide(path, value)
      }
      return vault.get(path)
    },
  }

  /** `botToken` may stand in the file that `botTokenFile` or `tokenFile` names. */
  function secretFile(from: unknown, inside: readonly string[], path: string, lookup: References): string | undefined {
    const key = inside.at(-1) ?? ''
    for (const name of [`${key}File`, ...(/token$/i.test(key) ? ['tokenFile'] : [])]) {
      const given = valueAt(from, [...inside.slice(0, -1), name])
      if (typeof given !== 'string' || given === '') continue
      const replaced = substitute(given, lookup)
      if ('missing' in replaced) throw configProblems.secretUnresolved(path, replaced.missing)
      const home = environment['HOME'] ?? ''
      const plain = replaced.value.startsWith('~/') && home !== '' ? join(home, replaced.value.slice(2)) : replaced.value
      const file = isAbsolute(plain) ? plain : resolve(options.stateDir, plain)
      let text: string
      try {
        text = readText(file).trim()
      } catch (error) {
        throw configProblems.secretFile(path, file, isMissing(error) ? 'there is no such file' : describeError(error), error)
      }
      if (text === '' || text.length > 65_536) throw configProblems.secretFile(path, file, text === '' ? 'it is empty' : 'it is too large')
      return text
    }
    return undefined
  }
}

/** The section that a path stands in, the innermost of several, and the steps of its own path. */
function ownerOf(sections: readonly Section[], steps: readonly string[]): { path: string; own: readonly string[] } | undefined {
  return sections.map(({ path }) => ({ path, own: parsePath(path) ?? [] }))
    .filter(({ own }) => own.length > 0 && own.every((step, position) => step === steps[position])).sort((a, b) => b.own.length - a.own.length)[0]
}
