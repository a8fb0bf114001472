import type { Clock } from '@moltbot/contract'
import type { JWK, JWTVerifyGetKey } from 'jose'
import { parseStrictly } from './http/strict-json.ts'

/** Whose word about a person counts, and how it must be signed. */
export interface AssertionRules {
  /** `iss`, letter for letter. */
  issuer: string
  /** At least one of them must be in `aud`. */
  audience: readonly string[]
  /** The claim that names the person. */
  userClaim: string
  /** The issuer's public keys (a JSON Web Key Set): a file, or an https address. */
  jwksFile: string
  jwksUrl: string
}

export type Asserted = { user: string } | { refused: string }

/** Reads what a proxy signed about a person (a JSON Web Token). Whatever is odd, missing or cannot be checked is a refusal. */
export interface ProxyAssertions {
  userOf(token: string, rules: AssertionRules): Promise<Asserted>
}

/** Ways to sign that count, nothing with a shared secret among them. The library never takes `none`. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA']
const tokenLengthMax = 12_000
const keysLengthMax = 262_144
const keysMax = 50
/** What clocks of two machines may differ by. */
const leewayS = 60
/** Keys are asked for anew after an hour, and after a minute when a key is missing; an issuer that cannot be reached is believed for a day. */
const freshMs = 3_600_000
const againMs = 60_000
const staleMs = 86_400_000

/** `keys`: finds the one key of a set that fits a header; undefined: nothing is known. */
interface Held { place: string; keys: JWTVerifyGetKey | undefined; at: number; triedAt: number }

export function createProxyAssertions(options: {
  clock: Clock
  readFile: (path: string) => Promise<string>
  /** The body behind an https address. Rejects where it cannot be had. */
  fetchKeys: (url: string) => Promise<string>
  /** Hears why keys could not be had. */
  onFailure: (reason: string) => void
}): ProxyAssertions {
  const { clock, onFailure } = options
  let held: Held | undefined
  let asking: { place: string; done: Promise<void> } | undefined

  async function ask(place: string, rules: AssertionRules): Promise<void> {
    const before = held?.place === place ? held : undefined
    const triedAt = clock.now()
    try {
      const keys = await keysOf(await (rules.jwksFile !== '' ? options.readFile(rules.jwksFile) : options.fetchKeys(rules.jwksUrl)))
      held = { place, keys, at: triedAt, triedAt }
    } catch (error) {
      onFailure(error instanceof Error ? error.message : String(error))
      held = { place, keys: before?.keys, at: before?.at ?? 0, triedAt }
    }
  }

  /** The keys as they are known; `missing`: one that was looked for is not among them. */
  async function keysNow(rules: AssertionRules, missing: boolean): Promise<JWTVerifyGetKey | undefined> {
    const place = `${rules.jwksFile}\n${rules.jwksUrl}`
    const now = clock.now()
    const known = held?.place === place ? held : undefined
    const wanted = known === undefined || ((missing || now - known.at >= freshMs) && now - known.triedAt >= againMs)
    if (wanted) {
      // However many ask at once, the issuer is asked once.
      if (asking?.place !== place) asking = { place, done: ask(place, rules).finally(() => { asking = undefined }) }
      await asking.done
    }
    return held?.place === place && clock.now() - held.at < staleMs ? held.keys : undefined
  }

  return {
    async userOf(token, rules) {
      const refused = (reason: string): Asserted => ({ refused: reason })
      if (rules.issuer === '' || rules.audience.length === 0 || (rules.jwksFile === '') === (rules.jwksUrl === '')) return refused('gateway.auth.trustedProxy.assertion does not say whose signature counts, and for whom.')
      if (rules.jwksUrl !== '' && !/^https:\/\//i.test(rules.jwksUrl)) return refused('The keys of the issuer are asked for over https only.')
      const parts = token.length > tokenLengthMax ? [] : token.split('.')
      const [head, body, signature] = parts.map(bytesOf)
      if (parts.length !== 3 || head === undefined || body === undefined || signature === undefined) return refused('The assertion is no signed token.')
      const header = objectOf(head)
      const claims = objectOf(body)
      if (header === undefined || claims === undefined) return refused('The assertion cannot be read.')
      const { kid, typ } = header
      // Nobody who signs for us brings keys along, or things we would have to understand.
      if (['crit', 'b64', 'jwk', 'jku', 'x5u', 'zip', 'enc'].some((name) => Object.hasOwn(header, name))) return refused('The header of the assertion asks for more than a signature.')
      if ((kid !== undefined && typeof kid !== 'string') || (typ !== undefined && !(typeof typ === 'string' && /^(?:at\+)?jwt$/i.test(typ)))) return refused('The header of the assertion is odd.')
      const { errors: { JOSEError, JWKSNoMatchingKey }, jwtVerify } = await import('jose')
      const look = async (missing: boolean): Promise<void> => {
        const keys = await keysNow(rules, missing)
        if (keys === undefined) throw new JWKSNoMatchingKey()
        await jwtVerify(token, keys, { algorithms, issuer: rules.issuer, audience: [...rules.audience], clockTolerance: leewayS, currentDate: new Date(clock.now()), requiredClaims: ['exp'] })
      }
      try {
        await look(false).catch((error: unknown) => (error instanceof JWKSNoMatchingKey ? look(true) : Promise.reject(error as Error)))
      } catch (error) {
        return refused(error instanceof JOSEError ? `The assertion does not hold: ${error.message}.` : 'The assertion cannot be checked.')
      }
      const made = claims['iat']
      if (made !== undefined && (typeof made !== 'number' || (made - leewayS) * 1000 > clock.now())) return refused('The assertion is not valid yet.')
      if (claims['email_verified'] === false) return refused('The issuer has not verified this person’s address.')
      const user = Object.hasOwn(claims, rules.userClaim) ? claims[rules.userClaim] : undefined
      return typeof user === 'string' && /^[\x21-\x24\x26-\x2b\x2d-\x7e]{1,200}$/.test(user) ? { user } : refused(`The assertion names nobody (${rules.userClaim}).`)
    },
  }
}

/** Base64url as it is written by who signs: no padding, no other letters, no bits left over. */
function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return text !== '' && bytes.toString('base64url') === text ? bytes : undefined
}

function objectOf(bytes: Buffer): Record<string, unknown> | undefined {
  const text = bytes.toString('utf8')
  const parsed = Buffer.from(text).equals(bytes) ? parseStrictly(text) : undefined
  const value = parsed?.ok === true ? parsed.value : undefined
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
}

/** The public signing keys of a set; what cannot be used is passed over. Throws where the text is no set, or has no such key. */
async function keysOf(text: string): Promise<JWTVerifyGetKey> {
  const set = text.length > keysLengthMax ? undefined : objectOf(Buffer.from(text))
  const listed = set?.['keys']
  if (!Array.isArray(listed)) throw new Error('the answer is no set of keys')
  const { createLocalJWKSet, importJWK } = await import('jose')
  const keys: JWK[] = []
  for (const entry of listed.slice(0, keysMax) as unknown[]) {
    if (typeof entry !== 'object' || entry === null) continue
    const { kty, crv, kid, alg, use, key_ops: uses } = entry as JWK
    // A private or secret key in a public set is no key of anybody any more.
    if ('d' in entry || 'k' in entry || (use !== undefined && use !== 'sig') || (Array.isArray(uses) && !uses.includes('verify'))) continue
    try {
      const kind = kty === 'RSA' ? 'RS256' : kty === 'EC' ? (crv === 'P-384' ? 'ES384' : 'ES256') : 'EdDSA'
      await importJWK(entry as JWK, typeof alg === 'string' ? alg : kind)
      keys.push({ ...(entry as JWK), ...(typeof kid === 'string' ? {} : { kid: undefined }) } as JWK)
    } catch {
      // A kind of key this Node does not know, or a broken one: others of the set still count.
    }
  }
  if (keys.length === 0) throw new Error('the set holds no key that signs')
  return createLocalJWKSet({ keys })
}
