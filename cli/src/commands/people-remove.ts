import { defineCommand, exitCodes } from '@moltbot/contract'
import { findPerson, personName } from '../person-lookup.ts'
import { printableLine } from '../printable.ts'
import { asText } from '../wire-fields.ts'

export const peopleRemove = defineCommand({
  name: 'people remove',
  summary: 'Forget somebody and let them in no more',
  topic: 'people',
  description: 'What they had running ends. Somebody who is on an allow list of the configuration comes back with their next message: take them off that list too.',
  args: {
    person: { summary: 'Their id or its beginning, or channel:id', required: true },
  },
  flags: {},
  json: '{ok}',
  async run({ args }, { gateway, report, terminal }) {
    const client = await gateway()
    const person = await findPerson(client, args.person)
    const answer = await client.request('principals.remove', { id: asText(person['id']) ?? '' })
    report(answer, () => [
      `${terminal.paint.green('✓')} ${printableLine(personName(person))} is forgotten and may not talk to your assistant any more.`,
      ...(person['via'] === 'list' ? ['A list in the configuration names them; take them off it, or their next message lets them in again.'] : []),
    ])
    return exitCodes.ok
  },
})
