import { Problem } from '@moltbot/contract'
import type { ModelAnswer, ModelAnswerReader, ModelFetch, ModelFormat, Secret } from '@moltbot/contract'
import type { KnownProvider } from './providers.ts'
import type { UsableCredential } from './types.ts'

const redirectsMax = 3

/** What a call's `fetch` needs to know. */
export interface Pin {
  provider: KnownProvider
  credential: ModelFormat['credential']
  /** Undefined: nobody has to say who asks. */
  use: Pick<UsableCredential, 'bearer' | 'open' | 'renew'> | undefined
  fetch: ModelFetch
  /** Called at every sign of life: headers, then every piece of the body. */
  onLife(): void
}

/**
 * A `fetch` that can only reach the provider's own origin and attaches the credential there. Redirects are followed by hand and only
 * within that origin. The credential is in no error and in nothing the caller gets to see. One that is refused is renewed, where it can be,
 * and the call sent once more.
 */
export function pinnedFetch(pin: Pin): ModelFetch {
  return async (address, init) => {
    const base = baseOf(pin.provider)
    let url = new URL(address, base)
    let secret = pin.use === undefined || pin.credential.kind === 'none' ? undefined : await pin.use.open()
    let renewed = false
    for (let hops = 0; ; hops++) {
      if (url.origin !== base.origin || url.username !== '' || url.password !== '') {
        throw new Problem(hops === 0 ? 'models-host-refused' : 'models-redirect-refused', `A call to ${pin.provider.id} was about to go to ${url.host} instead of ${base.host}, and was not sent.`, {
          next: `Set models.providers.${pin.provider.id}.baseUrl to the final address.`, details: { fault: 'auth' },
        })
      }
      const response = await pin.fetch(url.href, { ...init, redirect: 'manual', headers: { ...init.headers, ...credentialOf(pin, secret, base) } })
      if (response.status === 401 && secret !== undefined && !renewed) {
        renewed = true
        const other = await pin.use?.renew(secret)
        if (other !== undefined) {
          await response.body?.getReader().cancel()
          secret = other
          hops--
          continue
        }
      }
      const location = response.headers.get('location')
      if (response.status < 300 || response.status >= 400 || response.status === 304 || location === null) return alive(response, pin.onLife)
      await response.body?.getReader().cancel()
      const keepsMethod = response.status === 307 || response.status === 308 || (init.method ?? 'GET') === 'GET'
      if (!keepsMethod || hops >= redirectsMax) {
        throw new Problem('models-redirect-refused', `${pin.provider.id} answered with a redirect (${response.status}) that cannot be followed.`, {
          next: `Set models.providers.${pin.provider.id}.baseUrl to the final address.`, details: { fault: 'auth' },
        })
      }
      url = new URL(location, url)
    }
  }
}

/** The provider's address. Throws `Problem('models-base-url')`. */
export function baseOf(provider: KnownProvider): URL {
  if (!/^https?:\/\//.test(provider.baseUrl) || !URL.canParse(provider.baseUrl)) {
    throw new Problem('models-base-url', `The provider ${provider.id} has no usable base URL.`, { next: `Set models.providers.${provider.id}.baseUrl to an http or https address.`, details: { fault: 'auth' } })
  }
  return new URL(provider.baseUrl)
}

/** The header that says who asks. */
function credentialOf(pin: Pin, secret: Secret | undefined, base: URL): Record<string, string> {
  if (secret === undefined || pin.credential.kind === 'none') return {}
  if (base.protocol === 'http:' && !isNear(base.hostname)) {
    throw new Problem('models-plain-http', `The key of ${pin.provider.id} was not sent: ${base.host} is reached without encryption.`, { next: 'Use an https address.', details: { fault: 'auth' } })
  }
  const value = secret.open(`model call to ${pin.provider.id}`)
  // What no header can hold would be quoted, key and all, by whoever refuses it later.
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
    throw new Problem('models-key-unusable', `The key of ${pin.provider.id} was not sent: it holds a line break or another character that no key has.`, { next: 'Set it again, without what came along when it was copied.', details: { fault: 'auth_permanent' } })
  }
  return pin.use?.bearer === true ? { authorization: `Bearer ${value}` } : { [pin.credential.name]: pin.credential.prefix + value }
}

/** This machine or a private network, by address or by a name that only resolves there. */
export function isNear(host: string): boolean {
  return isLoopback(host) || /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(host)
    || /^\[f[cde]/i.test(host) || /\.(?:local|lan|internal|home\.arpa|ts\.net)$/i.test(host) || !/[.:]/.test(host)
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function alive(answer: ModelAnswer, onLife: () => void): ModelAnswer {
  onLife()
  const { ok, status, headers, body } = answer
  if (body === null) return answer
  const getReader = (): ModelAnswerReader => {
    const reader = body.getReader()
    return {
      async read() {
        const piece = await reader.read()
        if (!piece.done) onLife()
        return piece
      },
      cancel: () => reader.cancel(),
    }
  }
  return { ok, status, headers, body: { getReader }, text: () => answer.text() }
}
