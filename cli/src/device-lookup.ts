import { Problem } from '@moltbot/contract'
import type { GatewayClient } from '@moltbot/contract'
import { asFields, asList, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

/** The paired device with this id or its beginning. Throws `usage` when none or more than one fits. */
export async function findDevice(client: GatewayClient, given: string): Promise<Fields> {
  const paired = asList(asFields(await client.request('device.pair.list'))['paired'])
  const [found, ...others] = paired.filter((device) => given.length >= 4 && asText(device['deviceId'])?.startsWith(given.toLowerCase()) === true)
  if (found !== undefined && others.length === 0) return found
  throw new Problem('usage', found === undefined ? `No device is "${given}".` : `More than one device begins with "${given}".`, { next: 'See: moltbot devices list' })
}
