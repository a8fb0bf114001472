import { defineCommand, exitCodes } from '@moltbot/contract'
import { findPairingRequest } from '../pairing-request.ts'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

export const pairingReject = defineCommand({
  name: 'pairing reject',
  summary: 'Turn somebody\'s request down',
  topic: 'people',
  args: {
    channel: { summary: 'The network; may be left out when the code is unmistakable', required: true },
    code: { summary: 'The eight characters, in any case' },
  },
  flags: {},
  json: '{rejected}',
  async run({ args }, { gateway, report }) {
    const client = await gateway()
    const request = await findPairingRequest(client, args.channel, args.code)
    const answer = asFields(await client.request('pairing.reject', request))
    const rejected = (answer['rejected'] ?? answer['ok']) === true
    report({ ...request, rejected }, () => (rejected ? `The request ${printableLine(asText(request.code) ?? '')} is turned down; nothing was sent to them.` : 'There is no such request (any more).'))
    return rejected ? exitCodes.ok : exitCodes.failed
  },
})
