import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '@moltbot/contract/testing'
import { createProxyAssertions, type AssertionRules, type ProxyAssertions } from './proxy-assertion.ts'

const folder = mkdtempSync(join(tmpdir(), 'moltbot-assertion-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const jwksFile = join(folder, 'keys.json')

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = (key: KeyObject, more: object): object => ({ ...key.export({ format: 'jwk' }), ...more })
const set = [jwk(rsa.publicKey, { kid: 'r1', use: 'sig' }), jwk(ec.publicKey, { kid: 'e1', alg: 'ES256' }), jwk(ed.publicKey, { kid: 'd1' }), jwk(small.publicKey, { kid: 'small' }), jwk(rsa.publicKey, { kid: 'enc', use: 'enc' }), { kty: 'oct', k: 'c2VjcmV0', kid: 'o1' }, { kty: 'RSA' }, null]

const base64 = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
let clock: FakeClock
let assertions: ProxyAssertions
let fetched: string[]
let answer: () => Promise<string>
let failures: string[]
const rules: AssertionRules = { issuer: 'https://team.example', audience: ['app-1', 'app-2'], userClaim: 'email', jwksFile, jwksUrl: '' }
const seconds = (): number => Math.floor(clock.now() / 1000)
const claims = (more: object = {}): object => ({ iss: 'https://team.example', aud: ['app-1'], iat: seconds(), exp: seconds() + 300, email: 'ann@example.org', ...more })
function token(header: object = {}, payload: object | string = claims(), key: KeyObject = ec.privateKey): string {
  const head = { alg: 'ES256', kid: 'e1', typ: 'JWT', ...header }
  const signed = `${base64(head)}.${base64(payload)}`
  const digest = head.alg === 'EdDSA' ? undefined : head.alg.endsWith('384') ? 'sha384' : 'sha256'
  return `${signed}.${sign(digest, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363', ...(head.alg === 'PS256' ? { padding: 6, saltLength: 32 } : {}) }).toString('base64url')}`
}
const ask = (text: string, more: Partial<AssertionRules> = {}) => assertions.userOf(text, { ...rules, ...more })
const ann = { user: 'ann@example.org' }
const refused = { refused: expect.any(String) as string }

beforeEach(() => {
  clock = new FakeClock()
  clock.advance(1_700_000_000_000)
  writeFileSync(jwksFile, JSON.stringify({ keys: set }))
  fetched = []
  failures = []
  answer = async () => JSON.stringify({ keys: set })
  assertions = createProxyAssertions({ clock, readFile: (path) => readFile(path, 'utf8'), fetchKeys: (url) => { fetched.push(url); return answer() }, onFailure: (reason) => failures.push(reason) })
})

describe('a signed word about a person', () => {
  it('counts under each kind of key, for any of our names, also without a kid where only one key fits', async () => {
    expect(await ask(token())).toEqual(ann)
    expect(await ask(token({ alg: 'RS256', kid: 'r1' }, claims({ aud: 'app-2' }), rsa.privateKey))).toEqual(ann)
    expect(await ask(token({ alg: 'PS256', kid: 'r1' }, claims(), rsa.privateKey))).toEqual(ann)
    expect(await ask(token({ alg: 'EdDSA', kid: 'd1' }, claims(), ed.privateKey))).toEqual(ann)
    expect(await ask(token({ kid: undefined }))).toEqual(ann)
    expect(await ask(token({}, claims({ sub: 'u-7' })), { userClaim: 'sub' })).toEqual({ user: 'u-7' })
  })

  it('AUT-18: unsigned, with a shared secret, or in a way nobody agreed to, it names nobody', async () => {
    const body = base64(claims())
    const publicPem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const forged = [
      ...['none', 'None', 'NONE', 'nOnE', '', 'HS256', 'HS512', 'RS1', 'ES256K', 'dir', 'constructor', '__proto__', 'toString'].flatMap((alg) => ['', base64('x'), createHmac('sha256', publicPem).update(`${base64({ alg, kid: 'e1' })}.${body}`).digest('base64url'), createHmac('sha256', 'secret').update(`${base64({ alg, kid: 'o1' })}.${body}`).digest('base64url')].map((signature) => `${base64({ alg, kid: 'e1' })}.${body}.${signature}`)),
      `${base64({ kid: 'e1' })}.${body}.`, `${base64({ alg: ['ES256'], kid: 'e1' })}.${body}.AA`, `${base64({ alg: 'HS256', kid: 'o1' })}.${body}.${createHmac('sha256', 'secret').update(`${base64({ alg: 'HS256', kid: 'o1' })}.${body}`).digest('base64url')}`,
    ]
    for (const one of forged) expect(await ask(one), one).toEqual(refused)
    // A key of one kind is not used as another.
    expect(await ask(token({ alg: 'ES384' }))).toEqual(refused)
    expect(await ask(token({ alg: 'RS256', kid: 'e1' }, claims(), rsa.privateKey))).toEqual(refused)
  })

  it('AUT-18: signed by somebody else, or changed since, it names nobody', async () => {
    expect(await ask(token({}, claims(), stranger.privateKey))).toEqual(refused)
    const [head = '', , signature = ''] = token().split('.')
    expect(await ask(`${head}.${base64(claims({ email: 'eve@example.org' }))}.${signature}`)).toEqual(refused)
    expect(await ask(`${base64({ alg: 'ES256', kid: 'e1', typ: 'jwt' })}.${base64(claims())}.${signature}`)).toEqual(refused)
    // A signature of nothing but noughts was once taken for any.
    for (const length of [0, 8, 64, 72]) expect(await ask(`${head}.${base64(claims())}.${Buffer.alloc(length).toString('base64url')}`)).toEqual(refused)
    const der = sign('sha256', Buffer.from(`${head}.${base64(claims())}`), ec.privateKey).toString('base64url')
    expect(await ask(`${head}.${base64(claims())}.${der}`)).toEqual(refused)
  })

  it.each<[string, object]>([
    ['for another', { aud: 'app-3' }], ['for many, none of them us', { aud: ['app', 'app-11', 'APP-1'] }], ['for nobody', { aud: undefined }], ['for an object', { aud: { 'app-1': true } }], ['for nested lists', { aud: [['app-1']] }],
    ['of another issuer', { iss: 'https://evil.example' }], ['of almost the issuer', { iss: 'https://team.example/' }], ['of no issuer', { iss: undefined }], ['of a list of issuers', { iss: ['https://team.example'] }],
    ['without an end', { exp: undefined }], ['with an end in words', { exp: '9999999999' }], ['with an end that is null', { exp: null }], ['not valid yet', { nbf: 9_999_999_999 }], ['made in the future', { iat: 9_999_999_999 }], ['made at a word', { iat: 'now' }],
    ['of nobody', { email: undefined }], ['of an empty name', { email: '' }], ['of a list of names', { email: ['ann@example.org'] }], ['of two names', { email: 'ann@example.org,eve@example.org' }], ['of a name with a break', { email: 'ann@example.org\n' }], ['of an address nobody verified', { email_verified: false }],
  ])('AUT-18: %s, it names nobody', async (_what, more) => {
    expect(await ask(token({}, claims(more)))).toEqual(refused)
  })

  it('AUT-18: after its end it names nobody, with a minute for clocks that differ', async () => {
    const one = token()
    clock.advance(300_000 + 59_000)
    expect(await ask(one)).toEqual(ann)
    clock.advance(2_000)
    expect(await ask(one)).toEqual(refused)
  })

  it('AUT-18: a kid is a name in our set and nothing else; keys, places of keys and demands in the header are refused', async () => {
    for (const kid of ['../keys.json', '/dev/null', "e1' OR '1'='1", 'e1 ', 'E1', '', '__proto__', 'constructor', 'small', 'enc', 'o1', 7, null, {}, ['e1']]) expect(await ask(token({ kid })), String(kid)).toEqual(refused)
    expect(await ask(token({ alg: 'RS256', kid: 'small' }, claims(), small.privateKey))).toEqual(refused)
    expect(await ask(token({ alg: 'RS256', kid: 'enc' }, claims(), rsa.privateKey))).toEqual(refused)
    const own = stranger.publicKey.export({ format: 'jwk' })
    for (const more of [{ jwk: own }, { jku: 'https://evil.example/keys' }, { x5u: 'https://evil.example/chain' }, { crit: ['exp'] }, { crit: [] }, { b64: false }, { zip: 'DEF' }, { enc: 'A256GCM' }, { typ: 'dpop+jwt' }, { typ: 7 }]) {
      expect(await ask(token(more, claims(), stranger.privateKey)), JSON.stringify(more)).toEqual(refused)
      expect(await ask(token(more)), JSON.stringify(more)).toEqual(refused)
    }
    expect(fetched).toEqual([])
  })

  it('AUT-18: what two readers could read differently is refused', async () => {
    const good = token()
    const parts = good.split('.')
    const odd = [
      '', '.', '..', '...', 'x', parts.slice(0, 2).join('.'), `${good}.x`, `${good}=`, ` ${good}`, `${good}\n`, good.replace('.', '..'), `${parts[0]}=.${parts[1]}.${parts[2]}`, `${parts[0]}.${parts[1]}.${parts[2]}A`, good.replaceAll('-', '+'), `${'x'.repeat(13_000)}`,
      token({}, '{"iss":"https://team.example","aud":"app-1","exp":9999999999,"email":"ann@example.org","email":"eve@example.org"}'), token({}, '[]'), token({}, 'null'), token({}, '{'), token({}, '{"__proto__":{"email":"ann@example.org"},"iss":"https://team.example","aud":"app-1","exp":9999999999}'),
    ].filter((one) => one !== good)
    for (const one of odd) expect(await ask(one), one.slice(0, 60)).toEqual(refused)
  })

  it('AUT-18 twin: a reader that believes the header about the key is talked into any', async () => {
    const forged = token({ jwk: stranger.publicKey.export({ format: 'jwk' }) }, claims({ email: 'eve@example.org' }), stranger.privateKey)
    const [head = '', body = '', signature = ''] = forged.split('.')
    const { createPublicKey, verify } = await import('node:crypto')
    const brought = (JSON.parse(Buffer.from(head, 'base64url').toString()) as { jwk: object }).jwk
    expect(verify('sha256', Buffer.from(`${head}.${body}`), { key: createPublicKey({ key: brought as never, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))).toBe(true)
    expect(await ask(forged)).toEqual(refused)
  })

  it('without whose word counts, everything is refused', async () => {
    for (const more of [{ issuer: '' }, { audience: [] }, { jwksFile: '' }, { jwksUrl: 'https://team.example/keys' }, { jwksFile: '', jwksUrl: 'http://team.example/keys' }, { jwksFile: join(folder, 'none.json') }, { userClaim: '__proto__' }, { userClaim: 'constructor' }]) {
      expect(await ask(token(), more), JSON.stringify(more)).toEqual(refused)
    }
    expect(fetched).toEqual([])
  })
})

describe('the keys', () => {
  const byUrl = { jwksFile: '', jwksUrl: 'https://team.example/keys' }

  it('are asked for once by however many, again after an hour, and once a minute where one is missing', async () => {
    expect(await Promise.all(Array.from({ length: 20 }, () => ask(token(), byUrl)))).toEqual(Array.from({ length: 20 }, () => ann))
    expect(fetched).toHaveLength(1)
    for (let number = 0; number < 50; number += 1) expect(await ask(token({ kid: `unknown-${number}` }), byUrl)).toEqual(refused)
    expect(fetched).toHaveLength(1)
    clock.advance(61_000)
    for (let number = 0; number < 50; number += 1) await ask(token({ kid: `unknown-${number}` }), byUrl)
    expect(fetched).toHaveLength(2)
    clock.advance(3_600_000)
    await ask(token(), byUrl)
    expect(fetched).toHaveLength(3)
  })

  it('that are new count from the next look on, and those that were taken back do not', async () => {
    answer = async () => JSON.stringify({ keys: [jwk(rsa.publicKey, { kid: 'r1' })] })
    expect(await ask(token(), byUrl)).toEqual(refused)
    answer = async () => JSON.stringify({ keys: [jwk(ec.publicKey, { kid: 'e1' })] })
    clock.advance(61_000)
    expect(await ask(token(), byUrl)).toEqual(ann)
    expect(await ask(token({ alg: 'RS256', kid: 'r1' }, claims(), rsa.privateKey), byUrl)).toEqual(refused)
  })

  it('hold for a day while the issuer cannot be reached, and then nobody is let in', async () => {
    expect(await ask(token(), byUrl)).toEqual(ann)
    answer = () => Promise.reject(new Error('no way out'))
    clock.advance(23 * 3_600_000)
    expect(await ask(token(), byUrl)).toEqual(ann)
    expect(failures).toEqual(['no way out'])
    clock.advance(2 * 3_600_000)
    expect(await ask(token(), byUrl)).toEqual(refused)
  })

  it.each(['', '{}', '[]', '{"keys":{}}', '{"keys":[]}', '<html>', JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'e1' }] }), JSON.stringify({ keys: [ec.privateKey.export({ format: 'jwk' })] }), ' '.repeat(300_000)])('are none in %j', async (text) => {
    answer = async () => text
    expect(await ask(token(), byUrl)).toEqual(refused)
    expect(failures).toHaveLength(1)
  })
})
