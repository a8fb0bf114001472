import { fields, list } from '../wire.ts'

/** How far an address reaches: a telephone cannot open `this-machine`, and is given neither app nor notifications over `plain` http. `broken`: no web address. */
export type Reach = 'broken' | 'this-machine' | 'plain' | 'good'

const isThisMachine = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost') || /^127\./.test(host) || host === '[::1]' || host === '0.0.0.0'

export function reachOf(address: string): Reach {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return 'broken'
  return isThisMachine(url.hostname) ? 'this-machine' : url.protocol === 'https:' ? 'good' : 'plain'
}

/** What the gateway says of its addresses: those at which it answers, the best first; names at which it does not; and whether its port is open to this machine alone. */
export interface ToldAddresses { addresses: { url: string; trusted: boolean }[]; silent: string[]; onlyHere: boolean }

export function readAddresses(payload: unknown): ToldAddresses {
  const raw = fields(payload)
  return {
    addresses: list(raw['addresses']).map(fields).flatMap(({ url, trusted }) => (typeof url === 'string' && ['good', 'plain'].includes(reachOf(url)) ? [{ url, trusted: trusted === true }] : [])),
    silent: list(raw['silent']).filter((name) => typeof name === 'string'),
    onlyHere: raw['onlyHere'] === true,
  }
}

/** Under which addresses another device opens this page: as it is open here, where that is no address of this machine alone, and what the gateway answers at. */
export function addressesElsewhere(here: string, told: readonly ToldAddresses['addresses'][number][]): ToldAddresses['addresses'] {
  const page = new URL('./', here)
  page.search = page.hash = ''
  if (reachOf(page.href) === 'this-machine') return [...told]
  // This browser trusts it, whoever signed its certificate.
  return [{ url: page.href, trusted: told.find(({ url }) => url === page.href)?.trusted ?? true }, ...told.filter(({ url }) => url !== page.href)]
}

/** The address that signs another device in. */
export function linkOf(address: string, token: string): string {
  const url = new URL(address)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  url.hash = ''
  url.search = `?token=${encodeURIComponent(token)}`
  return url.href
}

/** Where the code is typed by hand. */
export function loginPage(address: string): string {
  const url = new URL('login', linkOf(address, ''))
  url.search = ''
  return url.href
}
