import { isPlainObject } from './schema-walk.ts'

/** A value that stands elsewhere, as programs of this family write it. `provider` names an entry of `secrets.providers`. */
export interface SecretReference {
  source: 'env' | 'file' | 'exec' | 'store'
  provider: string
  /** A variable's name, a JSON pointer, what the command is asked for, or the name of a sealed secret. */
  id: string
}

/** One entry of `secrets.providers`, as the section's schema leaves it. */
export interface SecretProvider {
  source: 'env' | 'file' | 'exec'
  allowlist?: readonly string[]
  path?: string
  mode?: 'json' | 'singleValue'
  command?: string
  args?: readonly string[]
  passEnv?: readonly string[]
  timeoutMs?: number
  maxOutputBytes?: number
  jsonOnly?: boolean
}

const idShapes: Readonly<Record<SecretReference['source'], RegExp>> = {
  env: /^[A-Z_][A-Z0-9_]{0,127}$/,
  file: /^(?:value|\/[^\0]{0,400})$/,
  // Begins with a letter or digit, so that it can never be taken for an option of the command.
  exec: /^[A-Za-z0-9][A-Za-z0-9._:/@ -]{0,255}$/,
  store: /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/,
}

/** Whether a value at a secret's key is meant as a reference. */
export function isReference(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && typeof value['source'] === 'string'
}

/** The reference, or what is wrong with it in words. */
export function parseReference(value: Record<string, unknown>): SecretReference | { wrong: string } {
  const { source, provider = 'default', id } = value
  if (source !== 'env' && source !== 'file' && source !== 'exec' && source !== 'store') return { wrong: 'the source of a reference is env, file, exec or store' }
  if (typeof provider !== 'string' || !/^[a-z][a-z0-9_-]{0,63}$/.test(provider)) return { wrong: 'the provider of a reference is a short name in small letters' }
  if (typeof id !== 'string' || !idShapes[source].test(id) || id.split('/').includes('..')) return { wrong: `the id of a reference to ${source} has another form` }
  return { source, provider, id }
}

/** Tells references apart, and changes with what their provider is. */
export function referenceKey(reference: SecretReference, provider: unknown): string {
  return JSON.stringify([reference.source, reference.provider, reference.id, provider ?? null])
}

/** The reference in words, for a person. */
export function referenceName({ source, provider, id }: SecretReference): string {
  return source === 'env' || source === 'store' ? `${source} ${id}` : `${source} ${provider}: ${id}`
}

/** The text at a JSON pointer (RFC 6901); undefined where none stands. */
export function textAtPointer(value: unknown, pointer: string): string | undefined {
  let found = value
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Record<string, unknown>)[key]
  }
  return typeof found === 'string' && found !== '' ? found : undefined
}
