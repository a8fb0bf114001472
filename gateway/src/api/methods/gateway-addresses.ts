import Type from 'typebox'
import { ownInterfaces } from '../addresses.ts'
import { gatewaySection } from '../config.ts'
import { lookForAddresses } from '../facts/addresses-elsewhere.ts'
import { listeningAddresses, runningPort } from '../facts/listening.ts'
import { defineMethod } from '../method.ts'
import { tailnetName } from '../tailscale-name.ts'
import { closed } from '../wire/params.ts'

export const gatewayAddresses = defineMethod({
  name: 'gateway.addresses',
  scope: 'operator.admin',
  summary: 'Under which addresses other devices open this gateway: those of its networks, of its tailnet and of the names in the configuration at which it answered just now, the best first; and which names did not answer. Takes up to three seconds.',
  params: closed({}),
  result: Type.Object({
    /** `where`: by a name, in a network of this machine, or in its tailnet. `trusted`: devices know its certificate by themselves. */
    addresses: Type.Array(Type.Object({ url: Type.String(), where: Type.Union([Type.Literal('name'), Type.Literal('network'), Type.Literal('tailnet')]), trusted: Type.Boolean() })),
    /** Names of the configuration at which it does not answer. */
    silent: Type.Array(Type.String()),
    /** Nothing but this machine can open the port itself. */
    onlyHere: Type.Boolean(),
  }),
  async handle(_params, rooms) {
    const config = rooms.config.get(gatewaySection)
    const port = rooms.review?.port() ?? (await runningPort(rooms.stateDir)) ?? config.port
    const asksTailscale = config.bind === 'tailnet' || config.auth.allowTailscale || config.tailscale.mode !== 'off'
    const [listening, name] = await Promise.all([
      rooms.review === undefined ? null : listeningAddresses(port, rooms.review.machine.platform),
      asksTailscale ? tailnetName() : undefined,
    ])
    return lookForAddresses({ config, port, listening, interfaces: ownInterfaces(), tailnetName: name })
  },
})
