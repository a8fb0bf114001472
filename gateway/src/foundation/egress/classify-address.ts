import { isIPv4, isIPv6 } from 'node:net'

/** What an address is. Only `public` may be reached by name; `private` and `shared` only where the operator wrote down that very address. */
export type AddressKind = 'public' | 'loopback' | 'private' | 'shared' | 'link-local' | 'metadata' | 'multicast' | 'tunnel' | 'reserved' | 'not-an-address'

type Range4 = readonly [base: string, bits: number, kind: AddressKind]

/** IANA's special-purpose registry for IPv4, and the one metadata service that lives at a public address. The first match counts. */
const ranges4: readonly Range4[] = [
  ['168.63.129.16', 32, 'metadata'], ['100.100.100.200', 32, 'metadata'], ['192.0.0.192', 32, 'metadata'], ['169.254.0.0', 16, 'link-local'],
  ['0.0.0.0', 8, 'reserved'], ['10.0.0.0', 8, 'private'], ['100.64.0.0', 10, 'shared'], ['127.0.0.0', 8, 'loopback'], ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'reserved'], ['192.0.2.0', 24, 'reserved'], ['192.88.99.0', 24, 'tunnel'], ['192.168.0.0', 16, 'private'], ['198.18.0.0', 15, 'reserved'],
  ['198.51.100.0', 24, 'reserved'], ['203.0.113.0', 24, 'reserved'], ['224.0.0.0', 4, 'multicast'], ['240.0.0.0', 4, 'reserved'],
]

const numbers4 = ranges4.map(([base, bits, kind]) => ({ base: toNumber(base), mask: bits === 32 ? 0xffff_ffff : (~(0xffff_ffff >>> bits)) >>> 0, kind }))

/** The kind of an address in its one plain spelling (as a resolver or `URL` writes it); every other spelling is `not-an-address`. */
export function classifyAddress(address: string): AddressKind {
  if (isIPv4(address)) return classify4(toNumber(address))
  if (!isIPv6(address) || address.includes('%')) return 'not-an-address'
  const groups = toGroups(address)
  return groups === undefined ? 'not-an-address' : classify6(groups)
}

function classify4(number: number): AddressKind {
  return numbers4.find(({ base, mask }) => ((number & mask) >>> 0) === base)?.kind ?? 'public'
}

function classify6(groups: readonly number[]): AddressKind {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups
  const last4 = ((g << 16) | h) >>> 0
  if (a === 0 && b === 0 && c === 0 && d === 0) {
    if (e === 0 && f === 0 && g === 0) return h === 1 ? 'loopback' : 'reserved'
    // Mapped, translated and the old compatible form: a second spelling of an IPv4 address, which names nothing of its own.
    return 'tunnel'
  }
  // The well-known NAT64 prefix is how a network without IPv4 reaches all of it: what counts is the address inside.
  if (a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0) return classify4(last4)
  if (a === 0xfd00 && b === 0x0ec2) return 'metadata'
  if ((a & 0xfe00) === 0xfc00) return 'private'
  if ((a & 0xffc0) === 0xfe80) return 'link-local'
  if ((a & 0xffc0) === 0xfec0) return 'private'
  if ((a & 0xff00) === 0xff00) return 'multicast'
  // Only 2000::/3 is given out for the public network; everything beside it is special.
  if ((a & 0xe000) !== 0x2000) return 'reserved'
  if (a === 0x2002 || (a === 0x2001 && b === 0)) return 'tunnel'
  if (a === 0x2001 && b < 0x200) return 'reserved'
  if (a === 0x2001 && b === 0xdb8) return 'reserved'
  if (a === 0x3fff && b < 0x1000) return 'reserved'
  return 'public'
}

function toNumber(address: string): number {
  return address.split('.').reduce((number, part) => ((number << 8) | Number(part)) >>> 0, 0)
}

function toGroups(address: string): number[] | undefined {
  const plain = address.replace(/(?<!\d)(\d+\.\d+\.\d+\.\d+)$/, (quad) => {
    const number = toNumber(quad)
    return `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`
  })
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array.from({ length: middle }, () => '0'), ...right].map((group) => Number.parseInt(group, 16))
  return groups.length === 8 && groups.every((group) => group >= 0 && group <= 0xffff) ? groups : undefined
}
