/** The public keys of whoever signs for people are fetched through the same way out as everything else: judged by host and by address, counted, cut in a panic. */
import { Problem, ownerPrincipal, type AgentId, type SessionKey } from '@moltbot/contract'
import type { Egress } from './foundation/egress/index.ts'

const bytesMax = 262_144
const timeoutMs = 5_000

/** The text behind an https address; no redirect is followed: another place is another issuer. Rejects with `Problem` for anything but 200. */
export async function fetchPublicKeys(egress: Pick<Egress, 'request'>, url: string): Promise<string> {
  // In the accounts of what left, the door stands where agents do.
  const identity = { use: 'web', agent: 'door' as string as AgentId, principal: ownerPrincipal, owner: false, session: 'door:keys' as string as SessionKey } as const
  const answer = await egress.request(identity, { url, bytesMax, timeoutMs, redirectsMax: 0, headers: { accept: 'application/json' }, signal: AbortSignal.timeout(timeoutMs) })
  if (answer.status !== 200) throw new Problem('door-keys-unavailable', `The keys at ${new URL(url).host} could not be had (${answer.status}).`, { next: 'Check gateway.auth.trustedProxy.assertion.jwksUrl.' })
  return answer.body.toString('utf8')
}
