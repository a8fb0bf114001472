import { Problem } from '@moltbot/contract'
import type { GatewayClient } from '@moltbot/contract'
import { canonicalKey } from './chat/conversation.ts'
import { printableLine } from './printable.ts'
import { asFields } from './wire-fields.ts'

/** Rejects with `session-missing` for a conversation that nobody began, most likely a slip of the pen. The main one is always there. */
export async function requireSession(client: GatewayClient, given: string): Promise<void> {
  const key = canonicalKey(given, client.hello)
  if (key === canonicalKey('main', client.hello)) return
  const { session } = asFields(await client.request('sessions.describe', { key }))
  if (session === null) throw new Problem('session-missing', `There is no conversation "${printableLine(given)}".`, { next: 'See which there are: moltbot sessions' })
}
