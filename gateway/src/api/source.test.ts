import type { IncomingMessage } from 'node:http'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { gatewaySection, type GatewayConfig } from './config.ts'
import { judgeSource } from './source.ts'

const config = (values: Record<string, unknown> = {}): GatewayConfig => Value.Default(gatewaySection.schema, values) as GatewayConfig
const request = (remoteAddress: string, headers: Record<string, string>, localAddress = '127.0.0.1'): IncomingMessage =>
  ({ socket: { remoteAddress, localAddress }, headers: { host: 'localhost:18789', ...headers } }) as unknown as IncomingMessage

describe('where a request came from', () => {
  const local = { kind: 'known', local: true }
  const stranger = { kind: 'known', local: false }
  const proxies = { trustedProxies: ['127.0.0.1', '10.1.0.0/16', 'fd00::/8'] }
  it.each([
    ['straight from this machine', '127.0.0.1', {}, {}, local],
    ['over IPv6', '::1', {}, {}, local],
    ['dressed as IPv6', '::ffff:127.0.0.1', {}, {}, local],
    ['another machine', '192.168.1.5', { host: '192.168.1.2:18789' }, {}, stranger],
    ['another machine that says localhost', '192.168.1.5', {}, {}, stranger],
    ['a proxy nobody configured', '127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, {}, { kind: 'refused', code: 'forwarded' }],
    ['a configured proxy for a stranger', '127.0.0.1', { 'x-forwarded-for': '8.8.8.8' }, proxies, { kind: 'known', local: false, address: '8.8.8.8' }],
    ['a configured proxy for one who claims loopback', '10.1.2.3', { 'x-forwarded-for': '127.0.0.1' }, { trustedProxies: ['10.1.0.0/16'] }, { kind: 'known', local: false, address: '127.0.0.1' }],
    ['a chain of proxies', '127.0.0.1', { 'x-forwarded-for': '1.1.1.1, 8.8.8.8, 10.1.9.9' }, proxies, { address: '8.8.8.8' }],
    ['a chain of nothing but proxies', '127.0.0.1', { 'x-forwarded-for': '10.1.9.9' }, proxies, { kind: 'refused', code: 'forwarded' }],
    ['a configured proxy that says nothing', '127.0.0.1', {}, proxies, stranger],
    ['a wrong proxy', '10.2.0.1', { 'x-real-ip': '8.8.8.8' }, proxies, { kind: 'refused', code: 'forwarded' }],
    ['an IPv6 client in brackets with a port', '127.0.0.1', { 'x-forwarded-for': '[2001:db8::1]:4711' }, proxies, { address: '2001:db8::1' }],
  ])('%s', (_name, remote, headers, values, expected) => {
    const localAddress = remote === '192.168.1.5' ? '192.168.1.2' : '127.0.0.1'
    expect(judgeSource(request(remote, headers as unknown as Record<string, string>, localAddress), config(values), true)).toMatchObject(expected)
  })

  it('answers to the address the peer reached and to configured names, never to a rebound one', () => {
    const judge = (host: string, values = {}): string => judgeSource(request('192.168.1.5', { host }, '192.168.1.2'), config(values), true).kind
    expect([judge('192.168.1.2'), judge('192.168.1.3'), judge('attacker.example'), judge('box.lan'), judge('box.lan', { allowedHosts: ['BOX.lan'] })]).toEqual(['known', 'refused', 'refused', 'refused', 'known'])
    expect([judge('localhost@evil'), judge('localhost:1:2'), judge('[::1'), judge('127.1'), judge('LOCALHOST')]).toEqual(['refused', 'refused', 'refused', 'refused', 'known'])
  })

  it('knows its own pages from all others, to the port', () => {
    const judge = (origin: string, values = {}): string => judgeSource(request('127.0.0.1', { origin }), config(values), true).kind
    expect([judge('http://localhost:18789'), judge('https://localhost:18789'), judge('http://localhost:3000'), judge('http://127.0.0.1:18789'), judge('null'), judge('http://localhost:18789.evil.example')])
      .toEqual(['known', 'refused', 'refused', 'refused', 'refused', 'refused'])
    expect(judge('https://ui.example', { controlUi: { allowedOrigins: ['https://ui.example'] } })).toBe('known')
    expect(judge('https://ui.example.evil', { controlUi: { allowedOrigins: ['https://ui.example'] } })).toBe('refused')
  })
})
