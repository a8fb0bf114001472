import { Problem } from '@moltbot/contract'
import type { GatewayClient } from '@moltbot/contract'
import { asFields, asList, asText } from './wire-fields.ts'

/**
 * Which request the words mean: channel and code, or the code alone where exactly one pending request has it.
 * Throws `usage` when the channel cannot be told.
 */
export async function findPairingRequest(client: GatewayClient, first: string, second: string | undefined): Promise<{ channel: string; code: string }> {
  if (second !== undefined) return { channel: first, code: second }
  const answer = asFields(await client.request('pairing.list'))
  const matching = asList(answer['requests']).filter((row) => asText(row['code'])?.toUpperCase() === first.toUpperCase())
  const channel = asText(matching[0]?.['channel'])
  if (matching.length === 1 && channel !== undefined) return { channel, code: first }
  throw new Problem('usage', `No single request has the code "${first}".`, { next: 'Name the channel too: moltbot pairing approve <channel> <code>. See who waits with: moltbot pairing list' })
}
