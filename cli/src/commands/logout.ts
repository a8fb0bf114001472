import { defineCommand, exitCodes, Problem } from '@moltbot/contract'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const logout = defineCommand({
  name: 'logout',
  summary: 'Sign a browser out, or all of them',
  topic: 'people',
  description: 'Their open pages close at once. This command line keeps its own way in.',
  args: {
    browser: { summary: 'The id or its end, as in moltbot login list' },
  },
  flags: {
    all: { kind: 'boolean', summary: 'All browsers' },
  },
  json: '{ok, ended}',
  async run({ args, flags }, { gateway, report, terminal }) {
    if ((args.browser === undefined) !== flags.all) throw new Problem('usage', 'Say which browser, or --all.', { next: 'See: moltbot login list' })
    const client = await gateway()
    const given = args.browser
    const params = given === undefined ? { all: true } : { id: await findBrowser(given) }
    const answer = asFields(await client.request('sessions.browser.end', params))
    const ended = asNumber(answer['ended']) ?? 0
    report(answer, () => `${terminal.paint.green('✓')} ${ended === 1 ? 'One browser is' : `${ended} browsers are`} signed out.`)
    return exitCodes.ok

    async function findBrowser(words: string): Promise<string> {
      const ids = asList(asFields(await client.request('sessions.browser.list'))['browsers']).map((row) => asText(row['id']) ?? '')
      const [id, ...others] = ids.includes(words) ? [words] : ids.filter((each) => words.length >= 4 && (each.startsWith(words) || each.endsWith(words)))
      if (id === undefined || others.length > 0) throw new Problem('usage', `No single browser is "${words}".`, { next: 'See: moltbot login list' })
      return id
    }
  },
})
