import { describeError, Problem, type Clock, type GatewayClient, type Machine } from '@moltbot/contract'
import { loadDeviceIdentity } from './device-identity.ts'
import { isLoopback, resolveAddress } from './gateway-address.ts'
import type { AddressFlags, AddressSources, GatewayAddress } from './gateway-address.ts'
import { readConfigFile } from './machine.ts'
import { ownersOfPort } from './port-owner.ts'
import { findRunningGateway } from './running-gateway.ts'
import { asFields } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

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
    const faults: Problem[] = []
    const [config, secrets] = await Promise.all([
      orInstead(readConfigFile(machine.configFile), () => lastGoodConfig(machine.configFile), faults),
      orInstead(machine.readSecrets(), () => Promise.resolve(new Map<string, string>()), faults),
    ])
    const running = await findRunningGateway(machine.stateDir)
    const sources = { flags, environment, config, secrets, ...(running === undefined ? {} : { running }) }
    const address = await withSealedTokens(await withoutOurTokens(sources, parts.user), sources, machine, faults)
    const { connectGateway } = await import('./gateway-client.ts')
    try {
      return await connectGateway({
        address,
        version: machine.version,
        platform,
        clock,
        device: () => loadDeviceIdentity(machine.stateDir, clock.now()),
        startCommand: machine.startCommand,
        ...options,
      })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      // A token nobody asked for is no reason.
      const fault = faults.find(({ code }) => code !== 'token-sealed' || error.code === 'gateway-refused')
      throw fault === undefined ? error : becauseOf(fault, error)
    }
  }
}

/** The value, or what stands in for it where the file is broken: a running gateway goes on with what it read before, and has to stay within reach. */
async function orInstead<Value>(reading: Promise<Value>, instead: () => Promise<Value>, faults: Problem[]): Promise<Value> {
  try {
    return await reading
  } catch (error) {
    if (!(error instanceof Problem) || (error.code !== 'config-unreadable' && error.code !== 'secrets-env-invalid')) throw error
    faults.push(error)
    return instead()
  }
}

/** What the gateway itself goes by while the file is broken. {} where there is none, or one that is broken too. */
function lastGoodConfig(file: string): Promise<Fields> {
  return readConfigFile(`${file}.last-good`).catch(() => ({}))
}

/** Nobody answered, and a file that says where to look is broken: both are told, under the code of the failure. */
function becauseOf(fault: Problem, failure: Problem): Problem {
  const next = fault.code === 'config-unreadable' ? 'Correct the file; line and column are named by: moltbot config validate' : fault.next ?? ''
  return new Problem(failure.code, `${failure.message} ${fault.message}`, { next, cause: failure, ...(failure.details === undefined ? {} : { details: failure.details }) })
}

/** With the tokens that are in this computer's vault, as far as it opens without asking: whoever runs this holds its key. What kept it shut is told where nobody lets us in. */
async function withSealedTokens(address: GatewayAddress, sources: AddressSources, machine: Machine, faults: Problem[]): Promise<GatewayAddress> {
  const opened = new Map<string, string>()
  for (const name of address.sealed ?? []) {
    try {
      const value = await machine.sealedSecret(name)
      if (value === undefined) throw new Problem('vault-name-unknown', `The vault holds nothing under ${name}.`)
      opened.set(name, value)
    } catch (error) {
      faults.push(new Problem('token-sealed', `The gateway's token is in the vault as ${name}, and it could not be read there: ${describeError(error)}`, { next: 'Put the token into MOLTBOT_GATEWAY_TOKEN for this command, or pass it with --token.', cause: error }))
    }
  }
  return opened.size === 0 ? address : resolveAddress({ ...sources, opened })
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
  const { sealed: _ours, ...given } = resolveAddress({ ...sources, secrets: new Map(), config: { ...sources.config, gateway: { ...gateway, auth: {} } } })
  if (given.tokens.length > 0) return given
  throw new Problem('gateway-foreign', `Your gateway does not run, and another user of this computer listens at ${address.url}; nothing was sent there.`, {
    next: 'If that is your gateway under another account, pass its token with --token. If not, see who it is: ss -ltnp',
  })
}
