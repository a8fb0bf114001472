import { defineCommand, exitCodes } from '@moltbot/contract'
import { findPairingRequest } from '../pairing-request.ts'
import { printableLine } from '../printable.ts'

export const pairingReject = defineCommand({
  name: 'pairing reject',
  summary: 'Turn somebody\'s request down',
  topic: 'people',
  args: {
    channel: { summary: 'The network; may be left out when the code is unmistakable', required: true },
    code: { summary: 'The eight characters, in any case' },
  },
  flags: {},
  json: '{channel, code, rejected: true}',
  async run({ args }, { gateway, report }) {
    const client = await gateway()
    const request = await findPairingRequest(client, args.channel, args.code)
    await client.request('pairing.reject', request)
    report({ ...request, rejected: true }, () => `The request ${printableLine(request.code)} is turned down; nothing was sent to them.`)
    return exitCodes.ok
  },
})
