import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { agoWords, durationWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const loginList = defineCommand({
  name: 'login list',
  summary: 'The browsers that are signed in',
  topic: 'people',
  groupDefault: true,
  args: {},
  flags: {},
  json: '{browsers}',
  async run(_, { gateway, report, clock, terminal }) {
    const answer = asFields(await (await gateway()).request('sessions.browser.list'))
    report(answer, () => {
      const now = clock.now()
      const browsers = asList(answer['browsers'])
      if (browsers.length === 0) return ['No browser is signed in. Make a link with: moltbot login link']
      return [
        ...table(['Browser', 'Id', 'From', 'Used', 'Signed in', 'Ends in'], browsers.map((row) => [
          `${asText(row['words']) ?? '?'}${row['via'] === 'secret' ? '' : ` (${asText(row['via']) ?? ''})`}`, asText(row['id']) ?? '?', asText(row['address']) ?? 'this computer',
          agoWords(asNumber(row['lastUsedAtMs']), now), agoWords(asNumber(row['createdAtMs']), now), durationWords((asNumber(row['expiresAtMs']) ?? now) - now),
        ]), terminal.columns(), terminal.paint.dim),
        '', 'Sign one out with: moltbot logout <id>   all of them: moltbot logout --all',
      ]
    })
    return exitCodes.ok
  },
})
