import { defineTool } from '@moltbot/contract'
import { Type } from 'typebox'
import { fromOutside } from './text/from-outside.ts'
import { hostOf } from './text/host-of.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

/** A page, text, JSON or PDF of the web as text. */
export const webFetch = defineTool({
  name: 'web_fetch',
  description: 'Read a page, JSON or PDF of the web.',
  input: Type.Object(
    {
      url: Type.String({ minLength: 1 }),
      as: Type.Optional(Type.Enum(['markdown', 'text'])),
      max_chars: Type.Optional(Type.Integer({ minimum: 500 })),
    },
    { additionalProperties: false },
  ),
  needs: ['web'],
  effects: (input) => [{ kind: 'reaches-host', host: hostOf(input.url), url: input.url }, { kind: 'reads-untrusted', what: visible(input.url) }],
  summarize: (input) => `Fetch ${input.url.length > 300 ? quoted(input.url, 300) : visible(input.url)}${input.as === undefined ? '' : ` as ${visible(input.as)}`}`,
  async run(input, grants, signal) {
    const page = await untilAborted(() => grants.web.read(input.url, { as: input.as ?? 'markdown', ...(input.max_chars === undefined ? {} : { charsMax: input.max_chars }) }, signal), signal)
    const failed = page.status >= 400
    const head = [
      `address: ${visible(page.url)}`,
      ...(page.status === 200 ? [] : [`status: ${page.status}`]),
      ...(page.title === '' ? [] : [`title: ${visible(page.title)}`]),
      `kind: ${page.contentType}${page.truncated ? '; cut, there was more' : ''}`,
    ]
    return { origin: 'external', content: [{ type: 'text', text: fromOutside(page.boundary, [...head, '', page.text === '' ? '(no text)' : page.text].join('\n')) }], ...(failed ? { isError: true } : {}) }
  },
})
