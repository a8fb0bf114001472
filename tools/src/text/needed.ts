import { Problem } from '@moltbot/contract'

/** A part of the input that this action cannot do without. Throws `Problem('input-incomplete')` when it is not there. */
export function needed(value: string | undefined, name: string): string {
  if (value === undefined) throw new Problem('input-incomplete', `This needs ${name}.`, { next: `Give ${name}.` })
  return value
}
