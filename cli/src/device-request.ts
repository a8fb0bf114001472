import { Problem } from '@moltbot/contract'
import type { GatewayClient } from '@moltbot/contract'
import { asFields, asList, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

/** The pending request a person means: by its id or a unique beginning of it, or the only one there is. Throws `usage` or `device-request-unknown`. */
export async function findDeviceRequest(client: GatewayClient, typed: string | undefined): Promise<Fields & { requestId: string }> {
  const pending = asList(asFields(await client.request('device.pair.list'))['pending'])
  const matching = typed === undefined ? pending : pending.filter((row) => asText(row['requestId'])?.startsWith(typed) === true)
  const [only] = matching
  const requestId = asText(only?.['requestId'])
  if (matching.length === 1 && only !== undefined && requestId !== undefined) return { ...only, requestId }
  if (matching.length === 0) throw new Problem('device-request-unknown', typed === undefined ? 'No device is asking.' : `No device asks with the request "${typed}".`, { next: 'Requests end after five minutes; let the device try again, then: moltbot devices list' })
  throw new Problem('usage', `${matching.length} devices are asking.`, { next: 'Name one. See: moltbot devices list' })
}
