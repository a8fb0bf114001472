/** How a notice gets to the service of somebody's browser. */
import type { Agents } from './foundation/agents/index.ts'
import type { Egress } from './foundation/egress/index.ts'
import type { createPush } from './foundation/push/index.ts'
import { mainKey } from './journey/sessions/index.ts'

/** Who a push service may be is for the rules of the web: no private address, https only, counted like everything that leaves. */
export function pushPost({ egress, agents }: { egress: Pick<Egress, 'request'>; agents: Pick<Agents, 'defaultId'> }): Parameters<typeof createPush>[0]['post'] {
  return async ({ url, headers, body, principal }) => {
    const answer = await egress.request(
      { use: 'web', agent: agents.defaultId(), principal, owner: false, session: mainKey(agents.defaultId()) },
      { url, headers, post: body, bytesMax: 65_536, timeoutMs: 15_000, redirectsMax: 0, signal: new AbortController().signal },
    )
    const retryAfter = answer.headers['retry-after']
    return { status: answer.status, ...(retryAfter === undefined ? {} : { retryAfter }) }
  }
}
