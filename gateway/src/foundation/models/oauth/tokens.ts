import { Problem } from '@moltbot/contract'
import { sendForm, shown, textOf } from './speak.ts'
import type { Answer, Speaker } from './speak.ts'

/** What was given out, as it is sealed. Times are epoch ms. */
export interface Tokens {
  access: string
  /** Absent: it cannot be renewed; a person signs in again. */
  refresh?: string
  /** Absent: the server did not say. */
  expiresAt?: number
  obtainedAt: number
  /** Where it came from; it is renewed and revoked there and nowhere else. */
  token: string
  revoke?: string
  clientId: string
  /** The origin of the provider it was made for; it is sent to no other. */
  audience: string
}

/** Who is asked for tokens, and as whom. */
export interface Client { token: URL; clientId: string; clientSecret: string | undefined }

/** A no of the server, by its own code (`invalid_grant`, `slow_down` …). */
export class Refused extends Problem {
  readonly error: string
  constructor(error: string, host: string, description: string) {
    super('models-sign-in-refused', `${host} said no: ${description === '' ? error : description}.`, { next: 'Sign in again.', details: { fault: 'auth' } })
    this.error = error
  }
}

const accessMax = 16_384

/** Asks for tokens. Rejects with `Refused` for a no, and with another `Problem` where no answer came that can be used. */
export async function askForTokens(client: Client, fields: Readonly<Record<string, string | undefined>>, speaker: Speaker, signal: AbortSignal): Promise<Answer & { access_token: string }> {
  const { status, body } = await sendForm(speaker, client.token, { ...fields, client_id: client.clientId, client_secret: client.clientSecret }, signal)
  const error = textOf(body['error'])
  if (error !== undefined) throw new Refused(shown(error).slice(0, 60), client.token.host, withoutSent(shown(textOf(body['error_description']) ?? '').replace(/\.$/, ''), fields, client))
  const access = textOf(body['access_token'])
  if (status === 401 || status === 400) throw new Refused('invalid_grant', client.token.host, `the request was refused (${status})`)
  if (status !== 200 || access === undefined) throw new Problem('models-sign-in-unreachable', `${client.token.host} gave an answer that is no token (${status}).`, { next: 'Try again later.', details: { fault: 'network' } })
  const kind = textOf(body['token_type'])
  if ((kind !== undefined && kind.toLowerCase() !== 'bearer') || access.length > accessMax || !/^[\x21-\x7e]+$/.test(access)) {
    throw new Problem('models-sign-in-token', `${client.token.host} gave a token of a kind that is not known here.`, { next: 'This provider cannot be used by signing in; set a key instead.', details: { fault: 'auth' } })
  }
  return { ...body, access_token: access }
}

/** The tokens of an answer. `before`: what a renewal leaves out stays as it was. */
export function tokensOf(answer: Answer & { access_token: string }, now: number, kept: Pick<Tokens, 'token' | 'revoke' | 'clientId' | 'audience' | 'refresh'>): Tokens {
  const { refresh: before, ...rest } = kept
  const seconds = Number(answer['expires_in'])
  const refresh = textOf(answer['refresh_token']) ?? before
  return {
    ...rest, access: answer.access_token, obtainedAt: now,
    ...(refresh === undefined ? {} : { refresh }),
    ...(answer['expires_in'] === undefined || !Number.isFinite(seconds) || seconds <= 0 ? {} : { expiresAt: now + Math.min(seconds, 10 * 365 * 86_400) * 1000 }),
  }
}

/**
 * Who signed in, for the name of the profile alone: the e-mail address of an ID token. It came straight from the server it was asked of, over
 * TLS, and nothing is decided by it, so that its signature is not looked at (OpenID Connect Core, 3.1.3.7).
 */
export function accountOf(answer: Answer): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from((textOf(answer['id_token']) ?? '').split('.')[1] ?? '', 'base64url').toString('utf8'))
    const email = typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>)['email'] : undefined
    return typeof email === 'string' && /^[^\s@]{1,64}@[^\s@]{1,190}$/.test(email) ? email : undefined
  } catch {
    // No ID token, or none that can be read: the profile gets an ordinary name.
    return undefined
  }
}

/** From when on it is renewed: at 80 % of its life and at least five minutes before its end, but never in its first half. Undefined: its end is not known. */
export function dueAt({ expiresAt, obtainedAt }: Pick<Tokens, 'expiresAt' | 'obtainedAt'>): number | undefined {
  if (expiresAt === undefined) return undefined
  const lifeMs = expiresAt - obtainedAt
  return expiresAt - Math.min(lifeMs / 2, Math.max(5 * 60_000, lifeMs / 5))
}

export function parseTokens(text: string): Tokens | undefined {
  try {
    const value = JSON.parse(text) as Tokens
    return typeof value.access === 'string' && typeof value.obtainedAt === 'number' && typeof value.token === 'string' && typeof value.clientId === 'string' && typeof value.audience === 'string' ? value : undefined
  } catch {
    // Somebody put something else under this name: it is no sign-in.
    return undefined
  }
}

/** A server that quotes what it was sent tells it to nobody else. */
function withoutSent(text: string, fields: Readonly<Record<string, string | undefined>>, client: Client): string {
  return [...['refresh_token', 'code', 'device_code', 'code_verifier'].map((name) => fields[name]), client.clientSecret].reduce<string>((words, value) => (value === undefined || value === '' ? words : words.replaceAll(value, '[credential]')), text)
}
