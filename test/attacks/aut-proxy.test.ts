import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { methods as shelf } from '../../gateway/src/api/methods/index.gen.ts'
import { askAt, cookiesOf } from '../../gateway/src/api/testing/http-client.ts'
import { testToken, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { closeDoors, startDoor } from '../support/doors.ts'
import { freePort } from '../support/free-port.ts'

afterEach(closeDoors)

describe('identity by a proxy', () => {
  async function proxied(more: Record<string, unknown> = {}): Promise<{ door: RunningDoor; port: number }> {
    const port = await freePort()
    const door = await startDoor({ methods: shelf, config: { trustedProxies: ['127.0.0.1'], auth: { trustedProxy: { port, allowUsers: ['ann@example.org'], ...more } } } })
    return { door, port }
  }
  const through = { 'x-forwarded-for': '10.0.0.9' }
  const open = (port: number, headers: Record<string, string | string[]>, path = '/') => askAt(port, path, { headers: { ...through, ...headers } })

  it('AUT-18: a proxy names one person plainly, or nobody comes in; and only on its own listener', async () => {
    const { door, port } = await proxied()
    const good = await open(port, { 'x-forwarded-user': 'ann@example.org' })
    expect([good.status, good.headers['location']]).toEqual([303, '/'])
    const cookie = cookiesOf(good)
    expect((await open(port, { 'x-forwarded-user': 'ann@example.org', cookie }, '/ui-config.json')).status).toBe(200)
    const bad: Record<string, string | string[]>[] = [
      {}, { 'x-forwarded-user': '' }, { 'x-forwarded-user': 'eve@example.org' }, { 'x-forwarded-user': 'ANN@example.org' }, { 'x-forwarded-user': ['ann@example.org', 'eve@example.org'] }, { 'x-forwarded-user': ['ann@example.org', 'ann@example.org'] },
      { 'x-forwarded-user': 'ann@example.org,eve@example.org' }, { 'x-forwarded-user': 'ann%40example.org' }, { 'x-forwarded-user': 'ann@example.org eve' }, { 'x-forwarded-email': 'ann@example.org' }, { 'x-forwarded-user': '*' },
    ]
    for (const headers of bad) {
      const answer = await open(port, headers)
      expect([JSON.stringify(headers), answer.status, answer.headers['set-cookie']]).toEqual([JSON.stringify(headers), 403, undefined])
    }
    // The cookie counts only with its person's name beside it, and on no other listener.
    expect((await open(port, { cookie }, '/ui-config.json')).status).toBe(403)
    expect((await askAt(door.port, '/ui-config.json', { headers: { cookie } })).status).toBe(401)
    expect((await askAt(door.port, '/', { headers: { ...through, 'x-forwarded-user': 'ann@example.org' } })).headers['location']).toBe('/login')
    // Nor does the listener take what others do.
    expect((await open(port, { 'x-forwarded-user': 'ann@example.org', authorization: `Bearer ${testToken}` }, '/v1/models')).status).toBe(404)
    expect((await open(port, { 'x-forwarded-user': 'ann@example.org' }, '/login')).status).toBe(404)

    const stranger = await startDoor({ config: { auth: { trustedProxy: { port: await freePort(), allowUsers: ['ann@example.org'] } } } })
    const strangersPort = (stranger.rooms.state.config as { gateway: { auth: { trustedProxy: { port: number } } } }).gateway.auth.trustedProxy.port
    expect((await open(strangersPort, { 'x-forwarded-user': 'ann@example.org' })).status).toBe(403)
  })

  it('AUT-18: where the proxy signs, its signature alone names somebody; a plain header beside it does not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moltbot-signed-'))
    try {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const jwksFile = join(folder, 'keys.json')
      writeFileSync(jwksFile, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' }] }))
      const { door, port } = await proxied({ assertion: { header: 'cf-access-jwt-assertion', issuer: 'https://team.example', audience: ['app'], jwksFile } })
      const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
      const word = (email: string, more: object = {}): string => {
        const now = Math.floor(door.rooms.clock.now() / 1000)
        const signed = `${encode({ alg: 'ES256', kid: 'k' })}.${encode({ iss: 'https://team.example', aud: ['app'], iat: now, exp: now + 60, email, ...more })}`
        return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
      }
      const header = 'cf-access-jwt-assertion'
      const good = await open(port, { [header]: word('ann@example.org') })
      expect([good.status, good.headers['location']]).toEqual([303, '/'])
      const cookie = cookiesOf(good)
      expect((await open(port, { [header]: word('ann@example.org'), cookie }, '/ui-config.json')).status).toBe(200)
      const bad: Record<string, string | string[]>[] = [
        { 'x-forwarded-user': 'ann@example.org' }, { [header]: 'ann@example.org' }, { [header]: 'ann@example.org', 'x-forwarded-user': 'ann@example.org' }, { [header]: word('eve@example.org') }, { [header]: word('eve@example.org'), 'x-forwarded-user': 'ann@example.org' },
        { [header]: [word('ann@example.org'), word('ann@example.org')] }, { [header]: word('ann@example.org', { aud: ['other'] }) }, { [header]: word('ann@example.org', { exp: 1 }) }, { [header]: `${encode({ alg: 'none' })}.${encode({ email: 'ann@example.org' })}.` }, { authorization: `Bearer ${word('ann@example.org')}` },
      ]
      for (const headers of bad) expect([JSON.stringify(headers).slice(0, 80), (await open(port, headers)).status]).toEqual([JSON.stringify(headers).slice(0, 80), 403])
      // The cookie alone is nobody, and nor is it another's.
      expect((await open(port, { cookie }, '/ui-config.json')).status).toBe(403)
      expect((await open(port, { cookie, [header]: word('eve@example.org') }, '/ui-config.json')).status).toBe(403)
      await expect(proxied({ assertion: { header } })).rejects.toMatchObject({ code: 'door-assertion-incomplete' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('AUT-18 twin: a reader that takes the first of several names takes the attacker\'s', () => {
    const careless = (value: string): string => value.split(',')[0]?.trim() ?? ''
    expect(careless('ann@example.org, eve@example.org')).toBe('ann@example.org')
  })

  it('AUT-19: a tailnet name opens nothing on an ordinary port, and on its own only when Tailscale says the same', async () => {
    const headers = { 'tailscale-user-login': 'ann@example.org', 'tailscale-user-name': 'Ann' }
    const plain = await startDoor({ config: { auth: { allowTailscale: true } } })
    const answer = await askAt(plain.port, '/', { headers })
    expect([answer.status, answer.headers['location'], answer.headers['set-cookie']]).toEqual([303, '/login', undefined])
    expect((await askAt(plain.port, '/v1/models', { headers })).status).toBe(401)
    const socket = await plain.open({ headers })
    expect((await socket.connect({ auth: undefined })).ok).toBe(false)

    const port = await freePort()
    const asked: string[] = []
    await startDoor({ whois: async (address) => { asked.push(address); return address === '100.64.0.7' ? 'ann@example.org' : 'eve@example.org' }, config: { auth: { allowTailscale: true, tailscale: { port, allowUsers: ['ann@example.org'] } } } })
    const from = (address: string, more: Record<string, string> = {}) => askAt(port, '/', { headers: { ...headers, 'x-forwarded-for': address, ...more } })
    expect((await from('100.64.0.7')).status).toBe(303)
    expect((await from('100.64.0.8')).status).toBe(403)
    expect((await from('100.64.0.8', { 'tailscale-user-login': 'eve@example.org' })).status).toBe(403)
    expect((await from('100.64.0.7, 100.64.0.7')).status).toBe(403)
    expect(asked).toEqual(['100.64.0.7', '100.64.0.8', '100.64.0.8'])
  })
})
