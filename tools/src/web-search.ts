import { defineTool } from '@moltbot/contract'
import { Type } from 'typebox'
import { fromOutside } from './text/from-outside.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

/** Results of the configured search service. */
export const webSearch = defineTool({
  name: 'web_search',
  description: 'Search the web.',
  input: Type.Object(
    {
      query: Type.String({ minLength: 1, maxLength: 400 }),
      count: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
      country: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2}$' })),
      language: Type.Optional(Type.String({ pattern: '^[a-z]{2,3}$' })),
      freshness: Type.Optional(Type.Enum(['day', 'week', 'month', 'year'])),
    },
    { additionalProperties: false },
  ),
  needs: ['web'],
  effects: (input) => [{ kind: 'reaches-host', host: 'the configured search service' }, { kind: 'reads-untrusted', what: `results for ${quoted(input.query, 200)}` }],
  summarize(input) {
    const more = Object.entries({ country: input.country, language: input.language, freshness: input.freshness }).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${visible(value)}`]))
    return `Search the web for ${quoted(input.query, 400)}${more.length === 0 ? '' : ` (${more.join(', ')})`}`
  },
  async run(input, grants, signal) {
    const { hits, provider, hint, boundary } = await untilAborted(() => grants.web.search(input, signal), signal)
    const lines = hits.map(({ title, url, snippet }, index) => `${index + 1}. ${visible(title)}\n   ${visible(url)}${snippet === '' ? '' : `\n   ${visible(snippet)}`}`)
    const found = fromOutside(boundary, `${provider}, ${hits.length} ${hits.length === 1 ? 'result' : 'results'}${lines.length === 0 ? '' : `:\n${lines.join('\n')}`}`)
    return { origin: 'external', content: [{ type: 'text', text: hint === undefined ? found : `${found}\n[${hint}]` }] }
  },
})
