import { useState } from 'preact/hooks'

const kept = new WeakMap<object, Map<string, unknown>>()

/** A state that is still there when its line comes back into the document. `part` names it among those of the same owner. */
export function useKept<Value>(owner: object, part: string, initial: Value): [Value, (value: Value) => void] {
  const parts = kept.get(owner)
  const [value, setValue] = useState<Value>(parts?.has(part) === true ? (parts.get(part) as Value) : initial)
  return [value, (next) => {
    kept.set(owner, (kept.get(owner) ?? new Map<string, unknown>()).set(part, next))
    setValue(next)
  }]
}
