import { seccompRules } from './seccomp-filter.ts'

interface Comparison { index: number; value: number; valueTwo?: number; op: 'SCMP_CMP_MASKED_EQ' | 'SCMP_CMP_GT' }
interface Entry { names: string[]; action: 'SCMP_ACT_ERRNO'; errnoRet: number; args?: Comparison[] }

/** A kernel looks at the low half of these arguments only, so what stands in the high half must not help. */
const lowHalf = 0xffff_ffff

/** The rules of the filter as container engines read them. An engine joins entries for the same call by "or", and compares each argument once. */
export function seccompProfile(): { defaultAction: 'SCMP_ACT_ALLOW'; syscalls: Entry[] } {
  const syscalls = seccompRules.flatMap(({ name, when = [], error }): Entry[] => {
    const entry: Entry = { names: [name], action: 'SCMP_ACT_ERRNO', errnoRet: error }
    let all: Comparison[][] = [[]]
    for (const test of when) all = all.flatMap((before) => waysOf(test).map((way) => [...before, way]))
    return all.map((args) => (args.length === 0 ? entry : { ...entry, args }))
  })
  return { defaultAction: 'SCMP_ACT_ALLOW', syscalls }
}

/** Each of the comparisons under which a test holds. */
function waysOf(test: NonNullable<(typeof seccompRules)[number]['when']>[number]): Comparison[] {
  const index = test.argument
  const is = (value: number): Comparison => ({ index, value: lowHalf, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' })
  if ('mask' in test) return Array.from({ length: 32 }, (_, bit) => 2 ** bit).filter((bit) => Math.floor(test.mask / bit) % 2 === 1).map((bit) => ({ index, value: bit, valueTwo: bit, op: 'SCMP_CMP_MASKED_EQ' }))
  if ('equals' in test) return [is(test.equals)]
  // Between the small ones that are allowed, and everything above; a question asked with all bits set is refused too.
  const small = test.noneOf.filter((value) => value < 64)
  const highest = Math.max(...small)
  return [...Array.from({ length: highest }, (_, value) => value).filter((value) => !small.includes(value)).map(is), { index, value: highest, op: 'SCMP_CMP_GT' }]
}
