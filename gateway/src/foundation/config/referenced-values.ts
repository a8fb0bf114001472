import type { Clock, Logger, Secret, Section } from '@moltbot/contract'
import { describeError } from '@moltbot/contract'
import { valueAt } from './config-path.ts'
import { evaluate, findReferences } from './evaluate.ts'
import { resolveReference } from './resolve-reference.ts'
import type { SecretCommandRun } from './resolve-reference.ts'
import { isPlainObject } from './schema-walk.ts'
import { parseReference, referenceKey } from './secret-reference.ts'
import type { SecretProvider, SecretReference } from './secret-reference.ts'
import type { References } from './substitute.ts'

export interface ReferencedValuesOptions {
  sections: readonly Section[]
  environment: Readonly<Record<string, string | undefined>>
  secrets: { get(name: string): Secret | undefined }
  clock: Clock
  log: Logger
  onCommand?: (run: SecretCommandRun) => Promise<void>
  onSecret?: (value: string) => void
}

/** What a configuration refers to and does not hold: variables, entries of the vault, values that a program or a file gives. */
export interface ReferencedValues {
  /** What references in this text stand for. */
  in(written: Record<string, unknown>): References
  /** What a reference gave when it was last fetched; undefined: nothing yet. */
  fetched(written: Record<string, unknown>, reference: SecretReference): string | undefined
  /** Fetches what a reference gives. Rejects with a `Problem`. */
  fetch(written: Record<string, unknown>, reference: SecretReference): Promise<Secret>
  /** Fetches what a text refers to, so that judging it needs to wait for nobody. `again`: also what was fetched before. */
  prefetch(raw: string, file: string, again: boolean): Promise<void>
}

export function createReferencedValues(options: ReferencedValuesOptions): ReferencedValues {
  const { sections, environment, clock, log, onCommand, onSecret } = options
  /** What references gave, by reference and provider; the last good value stays when one fails later. */
  const fetched = new Map<string, { value: string } | { wrong: string }>()

  function referencesIn(written: Record<string, unknown>): References {
    return {
      variable: variableFrom(environment, written),
      secret(name) {
        const value = options.secrets.get(name)?.open('configuration reference')
        if (value !== undefined) onSecret?.(value)
        return value
      },
      reference(object) {
        const parsed = parseReference(object)
        return 'wrong' in parsed ? parsed : fetched.get(referenceKey(parsed, providerOf(written, parsed)))
      },
    }
  }

  async function fetchReference(written: Record<string, unknown>, reference: SecretReference): Promise<Secret> {
    const secret = await resolveReference(reference, providerOf(written, reference), { ...referencesIn(written), environment, clock, ...(onCommand === undefined ? {} : { onCommand }) })
    onSecret?.(secret.open('hiding it in logs'))
    return secret
  }

  return {
    in: referencesIn,
    fetched(written, reference) {
      const known = fetched.get(referenceKey(reference, providerOf(written, reference)))
      return known !== undefined && 'value' in known ? known.value : undefined
    },
    fetch: fetchReference,
    async prefetch(raw, file, again) {
      // Nearly every text has none: it is not read twice then.
      if (!/[\s"']source["']?\s*:/.test(raw) && !raw.includes('$include')) return
      const written = evaluate(raw, file, [], referencesIn).tree?.value
      if (written === undefined) return
      for (const { reference } of findReferences(written, sections)) {
        const parsed = parseReference(reference)
        if ('wrong' in parsed) continue
        const key = referenceKey(parsed, providerOf(written, parsed))
        const before = fetched.get(key)
        if (before !== undefined && 'value' in before && !again) continue
        try {
          fetched.set(key, { value: (await fetchReference(written, parsed)).open('configuration reference') })
        } catch (error) {
          log.warn('a secret that the configuration refers to could not be fetched', { error })
          if (before === undefined || 'wrong' in before) fetched.set(key, { wrong: describeError(error) })
        }
      }
    },
  }
}

function variableFrom(environment: Readonly<Record<string, string | undefined>>, written: Record<string, unknown>): (name: string) => string | undefined {
  const block = isPlainObject(written['env']) ? written['env'] : {}
  return (name) => {
    const own = environment[name]
    if (own !== undefined && own !== '') return own
    const vars = isPlainObject(block['vars']) ? block['vars'] : {}
    for (const place of [vars, block]) {
      const value = Object.hasOwn(place, name) ? place[name] : undefined
      if (typeof value === 'string' && value !== '') return value
    }
    return undefined
  }
}

function providerOf(written: unknown, reference: SecretReference): SecretProvider | undefined {
  const found = valueAt(written, ['secrets', 'providers', reference.provider])
  return isPlainObject(found) ? (found as unknown as SecretProvider) : undefined
}
