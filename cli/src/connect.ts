import { Problem, type Clock, type GatewayClient, type Machine } from '@moltbot/contract'
import { loadDeviceIdentity } from './device-identity.ts'
import { isLoopback, resolveAddress } from './gateway-address.ts'
import type { AddressFlags, AddressSources, GatewayAddress } from './gateway-address.ts'
import { readConfigFile } from './machine.ts'
import { ownersOfPort } from './port-owner.ts'
import { findRunningGateway } from './running-gateway.ts'
import { asFields } from './wire-fields.ts'

export interface ConnectorParts {
  machine: Machine
  environment: Record<string, string | undefined>
  clock: Clock
  platform: string
  /** Who we are on this computer; absent where users have no number. */
  user?: number
}

/** How commands reach the gateway: reads what says where it is, then connects. The socket code is loaded only here. */
export function createConnector(parts: ConnectorParts): (flags: AddressFlags, options: { caps?: readonly string[] }) => Promise<GatewayClient> {
  const { machine, environment, clock, platform } = parts
  return async (flags, options) => {
    const [config, secrets] = await Promise.all([readConfigFile(machine.configFile), machine.readSecrets()])
    const running = await findRunningGateway(machine.stateDir)
    const address = await withoutOurTokens({ flags, environment, config, secrets, ...(running === undefined ? {} : { running }) }, parts.user)
    const { connectGateway } = await import('./gateway-client.ts')
    return connectGateway({
      address,
      version: machine.version,
      platform,
      clock,
      device: () => loadDeviceIdentity(machine.stateDir, clock.now()),
      startCommand: machine.startCommand,
      ...options,
    })
  }
}

/**
 * Where to connect. At our gateway's port somebody else of this computer may listen while ours does not run: they are not shown the tokens of
 * our files, only what was given for this (`--token`, the environment). Throws `gateway-foreign` where that leaves nothing.
 */
async function withoutOurTokens(sources: AddressSources, user: number | undefined): Promise<GatewayAddress> {
  const address = resolveAddress(sources)
  const { hostname, port, protocol } = new URL(address.url)
  if (user === undefined || sources.running !== undefined || protocol !== 'ws:' || !isLoopback(hostname)) return address
  const owners = await ownersOfPort(Number(port || 80))
  if (owners.every((owner) => owner === user || owner === 0)) return address
  const gateway = asFields(sources.config['gateway'])
  const given = resolveAddress({ ...sources, secrets: new Map(), config: { ...sources.config, gateway: { ...gateway, auth: {} } } })
  if (given.tokens.length > 0) return given
  throw new Problem('gateway-foreign', `Your gateway does not run, and another user of this computer listens at ${address.url}; nothing was sent there.`, {
    next: 'If that is your gateway under another account, pass its token with --token. If not, see who it is: ss -ltnp',
  })
}
