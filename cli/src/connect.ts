import type { Clock, GatewayClient, Machine } from '@moltbot/contract'
import { loadDeviceIdentity } from './device-identity.ts'
import { resolveAddress } from './gateway-address.ts'
import type { AddressFlags } from './gateway-address.ts'
import { readConfigFile } from './machine.ts'
import { findRunningGateway } from './running-gateway.ts'

export interface ConnectorParts {
  machine: Machine
  environment: Record<string, string | undefined>
  clock: Clock
  platform: string
}

/** How commands reach the gateway: reads what says where it is, then connects. The socket code is loaded only here. */
export function createConnector(parts: ConnectorParts): (flags: AddressFlags, options: { caps?: readonly string[] }) => Promise<GatewayClient> {
  const { machine, environment, clock, platform } = parts
  return async (flags, options) => {
    const [config, secrets] = await Promise.all([readConfigFile(machine.configFile), machine.readSecrets()])
    const running = await findRunningGateway(machine.stateDir)
    const address = resolveAddress({ flags, environment, config, secrets, ...(running === undefined ? {} : { running }) })
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
