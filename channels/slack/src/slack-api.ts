import { WebClient, type WebClientOptions } from '@slack/web-api'
import { ConnectProblem, type ChannelHost } from '@moltbot/contract'

const callPatienceMs = 20_000
const slackApi = 'https://slack.com/api'

/** What is trusted with the tokens: Slack, or a server on this computer in its place. */
export interface Realm {
  apiRoot: string
  /** Whether the socket's address, which Slack itself names, is one we go to. */
  acceptsSocket(url: string): boolean
  /** Whether the token may be shown there to fetch a file. */
  acceptsFiles(url: string): boolean
}

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Rejects whatever is neither Slack nor on this computer. */
export function realmOf(apiRoot: string): Realm {
  const root = apiRoot.replace(/(?<!\/)\/+$/, '')
  if (root === slackApi) {
    return {
      apiRoot: root,
      acceptsSocket: (url) => isAt(url, ['wss:'], (host) => host.endsWith('.slack.com')),
      acceptsFiles: (url) => isAt(url, ['https:'], (host) => host === 'files.slack.com'),
    }
  }
  const here = (host: string): boolean => loopback.test(host)
  if (!isAt(root, ['http:', 'https:'], here)) {
    throw new ConnectProblem('channels.slack.apiRoot is neither Slack nor on this computer.', { permanent: true, next: `Remove it to use ${slackApi}.` })
  }
  return { apiRoot: root, acceptsSocket: (url) => isAt(url, ['ws:', 'wss:'], here), acceptsFiles: (url) => isAt(url, ['http:', 'https:'], here) }
}

function isAt(address: string, protocols: readonly string[], accepts: (host: string) => boolean): boolean {
  try {
    const url = new URL(address)
    return protocols.includes(url.protocol) && url.username === '' && url.password === '' && accepts(url.hostname)
  } catch {
    // Not an address at all.
    return false
  }
}

/** The SDK writes whole messages into its log; what is worth a line is said by us. */
export const silent: NonNullable<WebClientOptions['logger']> = {
  debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, setName() {},
  getLevel: () => 'error' as ReturnType<NonNullable<WebClientOptions['logger']>['getLevel']>,
}

/**
 * How both clients of the SDK speak: through the host's `fetch`, so that the account reaches its declared hosts only, and without
 * repeating anything, because the outbox knows what may be.
 */
export function clientOptions(realm: Realm, fetch: ChannelHost['fetch']): WebClientOptions {
  return {
    slackApiUrl: `${realm.apiRoot}/`, logger: silent, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: callPatienceMs,
    allowAbsoluteUrls: false, fetch: fetch as NonNullable<WebClientOptions['fetch']>,
  }
}

export function openApi(token: string, realm: Realm, host: Pick<ChannelHost, 'fetch'>): WebClient {
  return new WebClient(token, clientOptions(realm, host.fetch))
}
