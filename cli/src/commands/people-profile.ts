import { defineCommand, exitCodes } from '@moltbot/contract'
import { findPerson, personName } from '../person-lookup.ts'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

export const peopleProfile = defineCommand({
  name: 'people profile',
  summary: 'Give somebody one of your profiles, or take it away',
  topic: 'people',
  description: 'Profiles are written under people.profiles in the configuration: a role, and the tools that go with it.',
  args: {
    person: { summary: 'Their id or its beginning, or channel:id', required: true },
    profile: { summary: 'A name from people.profiles; none takes the profile away', required: true },
  },
  flags: {},
  json: '{ok, person}',
  examples: ['people profile pr_01h2 child', 'people profile pr_01h2 none'],
  async run({ args }, { gateway, report, terminal }) {
    const client = await gateway()
    const person = await findPerson(client, args.person)
    const profile = args.profile === 'none' ? null : args.profile
    const answer = asFields(await client.request('principals.profile', { id: asText(person['id']) ?? '', profile }))
    const name = printableLine(personName(person))
    report(answer, () => `${terminal.paint.green('✓')} ${profile === null ? `${name} has no profile any more.` : `${name} now has the profile ${printableLine(profile)}.`}`)
    return exitCodes.ok
  },
})
