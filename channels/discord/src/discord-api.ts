import { API } from '@discordjs/core/http-only'
import { REST } from '@discordjs/rest'
import { ConnectProblem, type ChannelHost } from '@moltbot/contract'

/** Longest pause the client makes on its own to stay inside a rate limit; longer ones go back to the outbox. */
const ownPauseMaxMs = 2_000
const callPatienceMs = 20_000
/** A file of ten megabytes over a slow line. */
const uploadPatienceMs = 120_000
const discordApi = 'https://discord.com/api'

/** What is trusted with the token: Discord, or a server on this computer in its place. */
export interface Realm {
  apiRoot: string
  /** Whether the gateway's address, which Discord itself names, is one we go to. */
  acceptsGateway(url: string): boolean
  /** Whether an attachment may be fetched from there. */
  acceptsMedia(url: string): boolean
}

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Rejects whatever is neither Discord nor on this computer. */
export function realmOf(apiRoot: string): Realm {
  const root = apiRoot.replace(/(?<!\/)\/+$/, '')
  if (root === discordApi) {
    return {
      apiRoot: root,
      acceptsGateway: (url) => isAt(url, 'wss:', (host) => host === 'gateway.discord.gg' || host.endsWith('.discord.gg')),
      acceptsMedia: (url) => isAt(url, 'https:', (host) => host === 'cdn.discordapp.com' || host === 'media.discordapp.net'),
    }
  }
  if (!isAt(root, 'http:', (host) => loopback.test(host)) && !isAt(root, 'https:', (host) => loopback.test(host))) {
    throw new ConnectProblem('channels.discord.apiRoot is neither Discord nor on this computer.', { permanent: true, next: `Remove it to use ${discordApi}.` })
  }
  const here = (host: string): boolean => loopback.test(host)
  return {
    apiRoot: root,
    acceptsGateway: (url) => isAt(url, 'ws:', here) || isAt(url, 'wss:', here),
    acceptsMedia: (url) => isAt(url, 'http:', here) || isAt(url, 'https:', here),
  }
}

function isAt(address: string, protocol: string, accepts: (host: string) => boolean): boolean {
  try {
    const url = new URL(address)
    return url.protocol === protocol && accepts(url.hostname)
  } catch {
    // Not an address at all.
    return false
  }
}

/** Only what carries a file may take long. */
function patient(upload: boolean, signal: AbortSignal | null | undefined): AbortSignal | null {
  const given = signal ?? null
  if (upload) return given
  const patience = AbortSignal.timeout(callPatienceMs)
  return given === null ? patience : AbortSignal.any([given, patience])
}

/**
 * Discord's REST API. Calls go through the host's `fetch`, so that the account reaches its declared hosts only. Nothing is
 * repeated here: the outbox knows what may be. Short waits for a rate limit are sat out, long ones reject with `RateLimitError`.
 */
export function openApi(token: string, realm: Realm, host: Pick<ChannelHost, 'fetch'>): { api: API; close(): void } {
  const rest = new (class extends REST {
    /** The client forgets a token that was refused once; whether it is refused for good is for the line to say. */
    override setToken(): this {
      return super.setToken(token)
    }
  })({
    api: realm.apiRoot,
    version: '10',
    retries: 0,
    offset: 0,
    timeout: uploadPatienceMs,
    rejectOnRateLimit: (facts) => Math.max(facts.retryAfter, facts.sublimitTimeout) > ownPauseMaxMs,
    makeRequest: async (url, init) =>
      host.fetch(url, {
        method: init.method ?? 'GET', headers: init.headers as Record<string, string>, body: (init.body ?? null) as BodyInit | null,
        // Never carry the token to wherever a redirect points.
        redirect: 'error', signal: patient(init.body instanceof FormData, init.signal as AbortSignal | null | undefined),
      }) as never,
  }).setToken()
  return {
    api: new API(rest),
    close() {
      rest.clearHashSweeper()
      rest.clearHandlerSweeper()
    },
  }
}
