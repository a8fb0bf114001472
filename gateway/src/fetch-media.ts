/** What comes with messages is fetched through the same way out as everything else: judged by host and by address, counted, cut in a panic. */
import { Problem, ownerPrincipal, type AccountId, type AgentId, type ChannelId, type Media, type MediaFrom, type MediaRequest, type SessionKey } from '@moltbot/contract'
import type { Egress } from './foundation/egress/index.ts'

/** One request to where a channel's media are. No redirect is followed: whoever could name another place could name any. */
export async function fetchMedia(egress: Pick<Egress, 'request'>, channel: ChannelId, account: AccountId, from: MediaFrom, { url, bytesMax, timeoutMs, signal, headers, secretHeader, json }: MediaRequest): Promise<Media> {
  if (json !== undefined && (from.own === undefined || !URL.canParse(url) || new URL(url).origin !== from.own)) throw new Problem('egress-host-refused', 'Words go only to a server of the operator’s own.')
  // In the accounts of what left, an account of a channel stands where agents do.
  const identity = { use: 'media', hosts: from.hosts, agent: `${channel}/${account}` as string as AgentId, principal: ownerPrincipal, owner: false, session: `media:${channel}/${account}` as SessionKey } as const
  const answer = await egress.request(identity, {
    url, bytesMax, timeoutMs, signal, redirectsMax: 0, headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, ...(json === undefined ? {} : { post: Buffer.from(json) }), ...(from.own === undefined ? {} : { trustedOrigin: from.own }), ...(secretHeader === undefined ? {} : { secretHeader }),
  })
  return { ok: answer.status >= 200 && answer.status < 300, contentType: answer.headers['content-type'] ?? '', bytes: answer.body }
}
