import { inspect } from './inspect-symbol.ts'

/**
 * A value that cannot be logged, serialised or put into a prompt by accident: printing it in any way yields its name.
 * Whoever truly needs the value calls `open` and says for what; the purpose is kept for the audit by the vault.
 */
export class Secret {
  readonly name: string
  readonly #value: string

  constructor(name: string, value: string) {
    this.name = name
    this.#value = value
  }

  /** The value itself. `purpose` is one short phrase, for example `telegram login`. */
  open(purpose: string): string {
    if (purpose === '') throw new Error('opening a secret needs a purpose')
    return this.#value
  }

  /** Equal values, without revealing either. Not constant in time; the door compares tokens by digest instead. */
  equals(other: Secret): boolean {
    return this.#value === other.#value
  }

  toString(): string {
    return `[secret ${this.name}]`
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect](): string {
    return this.toString()
  }
}
