import type { LookupFunction } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import Value from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gatewaySection, type GatewayConfig } from '../config.ts'
import { runDoor, type RunningDoor } from '../testing/test-client.ts'
import { candidatesOf, lookForAddresses, type Surroundings } from './addresses-elsewhere.ts'

const configOf = (given: Record<string, unknown>): GatewayConfig => Value.Decode(gatewaySection.schema, Value.Default(gatewaySection.schema, given)) as GatewayConfig
const at = (address: string, internal = false): NetworkInterfaceInfo => ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo
const interfaces = { lo: [at('127.0.0.1', true), at('::1', true)], eth0: [at('192.0.2.7'), at('fd00::7'), at('fe80::7')], docker0: [at('172.17.0.1')], tailscale0: [at('100.99.1.2')] }
const around = (config: Record<string, unknown>, addresses: string[] | null, more: Partial<Surroundings> = {}): Surroundings => ({
  config: configOf(config), port: 18789, listening: addresses === null ? null : { port: 18789, addresses }, interfaces, tailnetName: undefined, ...more,
})
const urls = (surroundings: Surroundings): string[] => candidatesOf(surroundings).map(({ url, where }) => `${where} ${url}`)

describe('where a gateway may be found from elsewhere', () => {
  it('is nowhere while it listens on this machine only and no name is known', () => {
    expect(urls(around({}, ['127.0.0.1', '::1']))).toEqual([])
    expect(urls(around({ bind: 'lan' }, ['127.0.0.1']))).toEqual([])
    expect(urls(around({ allowedHosts: ['*', 'localhost', '127.0.0.1', 'a b', ''], controlUi: { allowedOrigins: ['http://localhost:3000', 'app://x'] } }, ['127.0.0.1']))).toEqual([])
  })
  it('is at the names of a proxy in front of it', () => {
    expect(urls(around({ allowedHosts: ['box.example', 'box.example:8443'], controlUi: { basePath: '/moltbot', allowedOrigins: ['https://front.example:444'] } }, ['127.0.0.1'], { tailnetName: 'box.tailnet.ts.net' })))
      .toEqual(['name https://front.example:444/moltbot/', 'name https://box.example/moltbot/', 'name https://box.example:8443/moltbot/', 'name https://box.tailnet.ts.net/moltbot/'])
  })
  it('is at its own addresses where the port is open to others: not at those of containers, and by the scheme it speaks', () => {
    expect(urls(around({ tls: { enabled: true } }, ['0.0.0.0']))).toEqual(['network https://192.0.2.7:18789/', 'tailnet https://100.99.1.2:18789/'])
    expect(urls(around({}, ['::']))).toEqual(['network http://192.0.2.7:18789/', 'network http://[fd00::7]:18789/', 'tailnet http://100.99.1.2:18789/'])
    expect(urls(around({ bind: 'custom', customBindHost: '192.0.2.7', allowedHosts: ['box.example'], tls: { enabled: true } }, null)))
      .toEqual(['name https://box.example/', 'name https://box.example:18789/', 'network https://192.0.2.7:18789/'])
  })
})

describe('looking there', () => {
  let door: RunningDoor
  beforeAll(async () => { door = await runDoor({ config: { tls: { enabled: true }, allowedHosts: ['box.example'], controlUi: { basePath: '/moltbot' } }, uiDir: '' }) })
  afterAll(() => door.close())
  /** Every name is this machine, but one that nobody knows. */
  const lookup: LookupFunction = (name, _options, done) => (name === 'gone.example' ? done(new Error('ENOTFOUND'), '', 4) : done(null, [{ address: '127.0.0.1', family: 4 }] as never))

  it('keeps the addresses at which this gateway answers, and names those at which it does not', async () => {
    const config = { tls: { enabled: true }, allowedHosts: ['box.example', 'gone.example', 'stranger.example'], controlUi: { basePath: '/moltbot' } }
    expect(await lookForAddresses(around(config, ['0.0.0.0'], { port: door.port, interfaces: {}, lookup }))).toEqual({
      addresses: [{ url: `https://box.example:${door.port}/moltbot/`, where: 'name', trusted: false }], silent: ['gone.example', 'stranger.example'], onlyHere: false,
    })
  })
  it('says that nothing but this machine can open the port', async () => {
    expect(await lookForAddresses(around({}, ['127.0.0.1', '::1']))).toEqual({ addresses: [], silent: [], onlyHere: true })
  })
})
