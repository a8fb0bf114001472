import type { GatewayClient } from '@moltbot/contract'
import { asFields, asText } from './wire-fields.ts'

/** An address that signs one browser in, once, within ten minutes. It holds a code made for it and never the gateway's token. */
export async function signInLink(client: GatewayClient): Promise<{ url: string; expiresAtMs: unknown }> {
  const answer = asFields(await client.request('auth.link'))
  const at = new URL(client.url)
  at.protocol = at.protocol === 'wss:' ? 'https:' : 'http:'
  if (at.hostname === '127.0.0.1' || at.hostname === '[::1]') at.hostname = 'localhost'
  const base = asText(asFields(asFields(client.hello['snapshot'])['controlUi'])['basePath']) ?? ''
  return { url: `${at.origin}${base}/?token=${asText(answer['token']) ?? ''}`, expiresAtMs: answer['expiresAtMs'] }
}
