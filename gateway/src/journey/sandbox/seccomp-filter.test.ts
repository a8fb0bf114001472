import { describe, expect, test } from 'vitest'
import { seccompFilter, seccompRules } from './seccomp-filter.ts'

const allow = 0x7fff_0000
const refuse = (error: number): number => 0x5_0000 + error
const architectures = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const

/** The kernel's side: runs a filter over one call. */
function judge(filter: Uint8Array, call: { architecture: number; number: number; args?: number[] }): number {
  const view = new DataView(filter.buffer)
  let held = 0
  for (let at = 0; ; at += 1) {
    const [code, yes, no, value] = [view.getUint16(at * 8, true), view.getUint8(at * 8 + 2), view.getUint8(at * 8 + 3), view.getUint32(at * 8 + 4, true)]
    if (code === 0x06) return value
    if (code === 0x20) held = (value === 0 ? call.number : value === 4 ? call.architecture : (call.args?.[(value - 16) / 8] ?? 0)) >>> 0
    else at += (code === 0x15 ? held === value : code === 0x35 ? held >= value : ((held & value) >>> 0) !== 0) ? yes : no
  }
}

describe.each(['x64', 'arm64'] as const)('the filter for %s', (name) => {
  const filter = seccompFilter(name) as Uint8Array
  const ask = (number: number, ...args: number[]): number => judge(filter, { architecture: architectures[name], number, args })
  const numberOf = (rule: string): number => seccompRules.find((each) => each.name === rule)?.[name] ?? -1

  test('refuses every call on its list and allows the others', () => {
    for (const rule of seccompRules) if (rule[name] !== null && rule.when === undefined) expect(ask(rule[name]), rule.name).toBe(refuse(rule.error))
    const listed = new Set(seccompRules.map((rule) => rule[name]))
    for (let number = 0; number < 500; number += 1) if (!listed.has(number)) expect(ask(number), String(number)).toBe(allow)
    expect(filter.length / 8).toBeLessThan(4_096)
  })

  test('judges arguments: namespaces, terminal input, protocol families, setuid bits', () => {
    expect([ask(numberOf('clone'), 0x11), ask(numberOf('clone'), 0x1000_0011), ask(numberOf('clone'), 0x2_0000)]).toEqual([allow, refuse(1), refuse(1)])
    expect([ask(numberOf('unshare'), 0x400), ask(numberOf('unshare'), 0x80)]).toEqual([allow, refuse(1)])
    expect([ask(numberOf('ioctl'), 0, 0x5401), ask(numberOf('ioctl'), 0, 0x5412), ask(numberOf('ioctl'), 0, 0x541c)]).toEqual([allow, refuse(1), refuse(1)])
    expect([1, 2, 10, 16, 17, 40].map((family) => ask(numberOf('socket'), family))).toEqual([allow, allow, allow, refuse(97), refuse(97), refuse(97)])
    expect([ask(numberOf('personality'), 0xffff_ffff), ask(numberOf('personality'), 0x4_0000)]).toEqual([allow, refuse(1)])
    expect([ask(numberOf('fchmodat'), 0, 0, 0o755), ask(numberOf('fchmodat'), 0, 0, 0o4755)]).toEqual([allow, refuse(1)])
    // Without O_CREAT the mode is whatever stood in the register.
    expect([ask(numberOf('openat'), 0, 0, 0, 0o6000), ask(numberOf('openat'), 0, 0, 0o100, 0o644), ask(numberOf('openat'), 0, 0, 0o101, 0o4755)]).toEqual([allow, allow, refuse(1)])
  })

  test('another kind of processor is ended; the x32 interface is none', () => {
    expect(judge(filter, { architecture: 0x4000_0003, number: 1 })).toBe(0x8000_0000)
    if (name === 'x64') expect(ask(0x4000_0000 + 101)).toBe(refuse(38))
  })

  test('twin: a rule left out is seen', () => {
    expect(judge(seccompFilter(name, ['keyctl']) as Uint8Array, { architecture: architectures[name], number: numberOf('keyctl') })).toBe(allow)
  })
})

test('there is none for other processors', () => {
  expect(seccompFilter('mips')).toBeUndefined()
})
