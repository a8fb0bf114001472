import { expect, it } from 'vitest'
import { seccompRules } from './seccomp-filter.ts'
import { seccompProfile } from './seccomp-profile.ts'

const { defaultAction, syscalls } = seccompProfile()
const of = (name: string) => syscalls.filter(({ names }) => names.includes(name))

/** What an engine would answer to a call with these arguments. */
const refused = (name: string, ...given: number[]): boolean => of(name).some(({ args = [] }) => args.every(({ index, value, valueTwo = 0, op }) => {
  const argument = BigInt(given[index] ?? 0)
  return op === 'SCMP_CMP_GT' ? argument > BigInt(value) : (argument & BigInt(value)) === BigInt(valueTwo)
}))

it('has every rule of the filter', () => {
  expect(defaultAction).toBe('SCMP_ACT_ALLOW')
  expect(new Set(syscalls.flatMap(({ names }) => names))).toEqual(new Set(seccompRules.map(({ name }) => name)))
  for (const { name, error } of seccompRules) expect(of(name).map(({ errnoRet }) => errnoRet)).toContain(error)
})

it.each<[string, number[], boolean]>([
  ['ptrace', [], true], ['clone', [0x1000_0000], true], ['clone', [0x0001_0000], false],
  ['chmod', [0, 0o4755], true], ['chmod', [0, 0o2755], true], ['chmod', [0, 0o755], false],
  ['open', [0, 0o100, 0o4755], true], ['open', [0, 0o100, 0o644], false], ['open', [0, 0, 0o4755], false],
  ['socket', [1], false], ['socket', [2], false], ['socket', [10], false], ['socket', [0], true], ['socket', [3], true], ['socket', [16], true], ['socket', [40], true],
  ['ioctl', [0, 0x5412], true], ['ioctl', [0, 0x5412 + 2 ** 32], true], ['ioctl', [0, 0x5413], false], ['personality', [0], false], ['personality', [0x0040000], true],
])('%s with %j: %s', (name, given, expected) => {
  expect(refused(name, ...given)).toBe(expected)
})
