/** What a reference in a string stands for; undefined when nothing does. */
export interface References {
  /** `${NAME}`: an environment variable, from the process, `secrets.env` or the `env` section. */
  variable(name: string): string | undefined
  /** `${secret:NAME}`: an entry of the vault. May throw when the vault cannot be read. */
  secret(name: string): string | undefined
  /** `{source, provider, id}`: what it gave when it was last fetched, or why it gave nothing. Undefined: not fetched yet. */
  reference?(written: Record<string, unknown>): { value: string } | { wrong: string } | undefined
}

const reference = /\$(\$?)\{(?:(secret):([^}]*)|([A-Z_][A-Z0-9_]*))\}/g

/**
 * Puts values in the place of `${NAME}` and `${secret:NAME}`. `$${NAME}` stands for the text `${NAME}` itself; anything
 * else in braces stays as it is. One pass: a value that looks like a reference is not looked up again.
 */
export function substitute(text: string, references: References): { value: string } | { missing: string } {
  let missing: string | undefined
  const value = text.replaceAll(reference, (whole: string, escape: string, _kind: string | undefined, secret: string | undefined, variable: string | undefined) => {
    if (escape !== '') return whole.slice(1)
    const found = secret === undefined ? references.variable(variable ?? '') : references.secret(secret)
    if (found === undefined) missing ??= whole
    return found ?? ''
  })
  return missing === undefined ? { value } : { missing }
}

/** Whether a string holds a reference (escaped ones do not count). */
export function refers(text: string): boolean {
  return [...text.matchAll(reference)].some((found) => found[1] === '')
}

/** Whether a string holds a reference to the vault. */
export function refersToVault(text: string): boolean {
  return [...text.matchAll(reference)].some((found) => found[1] === '' && found[2] !== undefined)
}

/** Whether a string is nothing but references, so that showing it shows no value. */
export function isOnlyReferences(text: string): boolean {
  return refers(text) && text.replaceAll(reference, '').trim() === ''
}
