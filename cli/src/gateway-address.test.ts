import { Problem } from '@moltbot/contract'
import { describe, expect, it } from 'vitest'
import { resolveAddress } from './gateway-address.ts'
import type { AddressSources } from './gateway-address.ts'

const nothing: AddressSources = { flags: {}, environment: {}, config: {}, secrets: new Map() }

describe('resolveAddress', () => {
  it('names what of its tokens is in the vault, and takes it once it was opened', () => {
    const sources = { ...nothing, secrets: new Map([['MOLTBOT_GATEWAY_TOKEN', 'plain']]), config: { gateway: { auth: { token: '${secret:GATEWAY}' } } } }
    expect(resolveAddress(sources)).toMatchObject({ tokens: ['plain'], sealed: ['GATEWAY'] })
    expect(resolveAddress({ ...sources, opened: new Map([['GATEWAY', 'T']]) })).toEqual({ url: 'ws://127.0.0.1:18789', tokens: ['plain', 'T'] })
    expect(resolveAddress({ ...sources, flags: { url: 'wss://far.example' } })).not.toHaveProperty('sealed')
  })

  it('is this computer when nothing is said', () => {
    expect(resolveAddress(nothing)).toEqual({ url: 'ws://127.0.0.1:18789', tokens: [] })
  })

  it('takes tokens in order, each once', () => {
    expect(resolveAddress({
      flags: {},
      environment: { CLAWDBOT_GATEWAY_TOKEN: 'env', MOLTBOT_GATEWAY_TOKEN: ' ' },
      config: { gateway: { port: 19_000, auth: { token: '${MY_TOKEN}' } } },
      secrets: new Map([['MOLTBOT_GATEWAY_TOKEN', 'file'], ['MY_TOKEN', 'config'], ['CLAWDBOT_GATEWAY_TOKEN', 'env']]),
    })).toEqual({ url: 'ws://127.0.0.1:19000', tokens: ['env', 'file', 'config'] })
  })

  it('uses only the token that was given', () => {
    expect(resolveAddress({ ...nothing, flags: { token: 'mine' }, environment: { MOLTBOT_GATEWAY_TOKEN: 'env' } }).tokens).toEqual(['mine'])
  })

  it('never shows this computer\'s tokens to another one', () => {
    const sources: AddressSources = { ...nothing, flags: { url: 'wss://far.example' }, environment: { MOLTBOT_GATEWAY_TOKEN: 'env' }, secrets: new Map([['MOLTBOT_GATEWAY_TOKEN', 'file']]), config: { gateway: { auth: { token: 'config' } } } }
    expect(resolveAddress(sources)).toEqual({ url: 'wss://far.example', tokens: [] })
  })

  it('follows a configured remote gateway with its own token', () => {
    expect(resolveAddress({ ...nothing, environment: { MOLTBOT_GATEWAY_TOKEN: 'local' }, config: { gateway: { mode: 'remote', remote: { url: 'wss://far.example', token: 'remote' } } } })).toEqual({ url: 'wss://far.example', tokens: ['remote'] })
  })

  it.each(['ws://far.example', 'ftp://x', 'ws://', 'ws://8.8.8.8:1', 'ws://127.0.0.1.evil.example:1', 'ws://192.168.1.5:18789', 'ws://box.local', 'ws://nas:18789', 'ws://100.70.1.2.evil.example:1'])('refuses %s', (url) => {
    expect(() => resolveAddress({ ...nothing, flags: { url } })).toThrow(Problem)
  })

  it.each(['http://localhost:1', '127.0.0.1:5', 'ws://[::1]:1', 'ws://100.70.1.2:1', 'ws://box.tailnet.ts.net'])('takes %s', (url) => {
    expect(resolveAddress({ ...nothing, flags: { url } }).url).toMatch(/^ws:/)
  })

  const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':')
  const plain = 'ab'.repeat(32)

  it('pins what the running gateway wrote down, and prefers its Unix socket', () => {
    const running = { port: 19_000, socketPath: '/s/gateway.sock', tls: { fingerprint } }
    expect(resolveAddress({ ...nothing, running })).toEqual({ url: 'wss://127.0.0.1:19000', tokens: [], fingerprint: plain, socketPath: '/s/gateway.sock' })
    expect(resolveAddress({ ...nothing, running, flags: { url: 'wss://localhost:19000' } })).toEqual({ url: 'wss://localhost:19000', tokens: [], fingerprint: plain })
    expect(resolveAddress({ ...nothing, running, environment: { MOLTBOT_GATEWAY_PORT: '19001' } }).socketPath).toBeUndefined()
    expect(resolveAddress({ ...nothing, running, flags: { url: 'wss://far.example' } })).toEqual({ url: 'wss://far.example', tokens: [] })
  })

  it('pins what it is told for another computer', () => {
    expect(resolveAddress({ ...nothing, flags: { url: 'wss://far.example', tlsFingerprint: `sha256:${fingerprint}` } }).fingerprint).toBe(plain)
    expect(resolveAddress({ ...nothing, config: { gateway: { mode: 'remote', remote: { url: 'wss://far.example', tlsFingerprint: fingerprint } } } }).fingerprint).toBe(plain)
    const other = fingerprint.replaceAll('AB', 'CD')
    expect(resolveAddress({ ...nothing, flags: { url: 'wss://far.example', tlsFingerprint: `${fingerprint}, ${other}` } }).fingerprint).toBe(`${plain},${plain.replaceAll('ab', 'cd')}`)
    expect(() => resolveAddress({ ...nothing, flags: { url: 'wss://far.example', tlsFingerprint: `${fingerprint},` } })).toThrow('fingerprint')
    expect(() => resolveAddress({ ...nothing, flags: { url: 'wss://far.example', tlsFingerprint: 'AB:CD' } })).toThrow('fingerprint')
    expect(() => resolveAddress({ ...nothing, flags: { tlsFingerprint: fingerprint } })).toThrow('encrypted')
  })

  it('drops credentials that were pasted into an address', () => {
    expect(resolveAddress({ ...nothing, flags: { url: 'http://u:p@localhost:1/?token=x#y' } }).url).toBe('ws://localhost:1')
  })
})
