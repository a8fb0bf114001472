import { defineCommand, exitCodes, Problem } from '@moltbot/contract'
import { findPerson, personName } from '../person-lookup.ts'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

const roles = ['owner', 'admin', 'member', 'guest']

export const peopleRole = defineCommand({
  name: 'people role',
  summary: 'Say what kind of person somebody is',
  topic: 'people',
  description: 'An owner or admin may do everything, a member may use tools and commands, a guest may talk. It holds from their next act on, and takes a profile away.',
  args: {
    person: { summary: 'Their id or its beginning, or channel:id', required: true },
    role: { summary: 'owner, admin, member or guest', required: true },
  },
  flags: {},
  json: '{ok, person}',
  examples: ['people role pr_01h2 guest'],
  async run({ args }, { gateway, report, terminal }) {
    if (!roles.includes(args.role)) throw new Problem('usage', `"${args.role}" is no role.`, { next: `Say one of: ${roles.join(', ')}.` })
    const client = await gateway()
    const person = await findPerson(client, args.person)
    const answer = asFields(await client.request('principals.role', { id: asText(person['id']) ?? '', role: args.role }))
    report(answer, () => `${terminal.paint.green('✓')} ${printableLine(personName(person))} is now ${args.role}.`)
    return exitCodes.ok
  },
})
