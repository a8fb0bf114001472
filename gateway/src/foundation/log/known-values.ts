/** Values that must not be seen, found in a text in time that does not grow with how many there are. */
export interface KnownValues {
  /** `kept` is never forgotten. `met` gives way to what is met later, once there is much of it: then the first value of `forgotten` comes true. */
  add(value: string, kind: 'kept' | 'met'): void
  /** The text with every known form of every value in place of its mask, the longest first. */
  replace(text: string): string
}

/** Shorter forms are too common to hide; the table is keyed by this many characters. */
export const valueMin = 6
/** Characters of forms of what was met. Anybody who writes here can add to it. */
const metMax = 2_000_000

interface Form { form: string; shown: string; kept: boolean; of: Set<string> }

/** `formsOf`: how a value may look, each with its mask. `onForgotten` is called once, when something met had to give way. */
export function createKnownValues(formsOf: (value: string) => ReadonlyMap<string, string>, onForgotten: () => void): KnownValues {
  const byStart = new Map<string, Form[]>()
  const kept = new Set<string>()
  /** Oldest first. */
  const met = new Map<string, number>()
  let metSize = 0
  let told = false

  function forget(value: string): void {
    metSize -= met.get(value) ?? 0
    met.delete(value)
    for (const form of formsOf(value).keys()) {
      const start = form.slice(0, valueMin)
      const there = byStart.get(start)
      const found = there?.find((one) => one.form === form)
      if (there === undefined || found === undefined) continue
      found.of.delete(value)
      if (found.of.size > 0 || found.kept) continue
      if (there.length === 1) byStart.delete(start)
      else there.splice(there.indexOf(found), 1)
    }
  }

  return {
    add(value, kind) {
      if (value.length < valueMin || kept.has(value)) return
      if (kind === 'met' && met.has(value)) return
      const forms = formsOf(value)
      for (const [form, shown] of forms) {
        const start = form.slice(0, valueMin)
        const there = byStart.get(start) ?? []
        if (there.length === 0) byStart.set(start, there)
        let found = there.find((one) => one.form === form)
        if (found === undefined) {
          found = { form, shown, kept: false, of: new Set() }
          there.push(found)
          there.sort((a, b) => b.form.length - a.form.length)
        }
        if (kind === 'kept') found.kept = true
        else found.of.add(value)
      }
      if (kind === 'kept') {
        kept.add(value)
        if (met.has(value)) forget(value)
        return
      }
      const size = [...forms.keys()].reduce((sum, form) => sum + form.length, 0)
      met.set(value, size)
      metSize += size
      for (const oldest of met.keys()) {
        if (metSize <= metMax || oldest === value) break
        forget(oldest)
        if (!told) onForgotten()
        told = true
      }
    },
    replace(text) {
      if (byStart.size === 0) return text
      let out = ''
      let copied = 0
      for (let at = 0; at + valueMin <= text.length; at += 1) {
        const found = byStart.get(text.slice(at, at + valueMin))?.find(({ form }) => text.startsWith(form, at))
        if (found === undefined) continue
        out += text.slice(copied, at) + found.shown
        at += found.form.length - 1
        copied = at + 1
      }
      return copied === 0 ? text : out + text.slice(copied)
    },
  }
}
