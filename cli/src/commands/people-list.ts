import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { agoWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText, asTexts } from '../wire-fields.ts'

export const peopleList = defineCommand({
  name: 'people list',
  summary: 'Who is known, as what, and with which profile',
  topic: 'people',
  groupDefault: true,
  args: {},
  flags: {},
  json: '{people, profiles}',
  async run(_, { gateway, report, clock, terminal }) {
    const answer = asFields(await (await gateway()).request('principals.list'))
    report(answer, () => {
      const now = clock.now()
      const profiles = asTexts(answer['profiles'])
      return [
        ...table(['Who', 'Id', 'Role', 'Profile', 'Writes as', 'Since'], asList(answer['people']).map((person) => {
          const senders = asList(person['senders'])
          return [
            asText(person['name']) ?? '', asText(person['id']) ?? '?', asText(person['role']) ?? '',
            `${asText(person['profile']) ?? ''}${person['profileMissing'] === true ? ' (gone)' : ''}`,
            senders.map((sender) => `${asText(sender['channel'])}:${asText(sender['sender'])}`).join(' '), senders[0] === undefined ? '' : agoWords(asNumber(senders[0]['since']), now),
          ]
        }), terminal.columns(), terminal.paint.dim),
        '', profiles.length === 0 ? 'There are no profiles yet; they go under people.profiles in the configuration.' : `Profiles: ${profiles.join(', ')}. Give one with: moltbot people profile <id> <profile>`,
      ]
    })
    return exitCodes.ok
  },
})
