import { defineCommand, exitCodes } from '@moltbot/contract'
import { findPairingRequest } from '../pairing-request.ts'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

export const pairingApprove = defineCommand({
  name: 'pairing approve',
  summary: 'Let somebody talk to your assistant',
  topic: 'people',
  description: 'The code is what the assistant answered them. The first person you admit becomes the owner on that network; everybody else a member.',
  args: {
    channel: { summary: 'The network; may be left out when the code is unmistakable', required: true },
    code: { summary: 'The eight characters, in any case' },
  },
  flags: {},
  json: 'who was admitted: {channel, sender, name, role, since}',
  examples: ['pairing approve telegram AB2CD3EF', 'pairing approve AB2CD3EF'],
  async run({ args }, { gateway, report, terminal }) {
    const client = await gateway()
    const answer = asFields(await client.request('pairing.approve', await findPairingRequest(client, args.channel, args.code)))
    const admitted = asFields(answer['paired'])
    report(admitted, () => {
      const name = printableLine(asText(admitted['name']) ?? asText(admitted['sender']) ?? 'They')
      return `${terminal.paint.green('✓')} ${name} may now talk to your assistant on ${printableLine(asText(admitted['channel']) ?? args.channel)}${asText(admitted['role']) === undefined ? '' : `, as ${printableLine(asText(admitted['role']) ?? '')}`}.`
    })
    return exitCodes.ok
  },
})
