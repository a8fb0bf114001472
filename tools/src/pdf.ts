import { defineTool } from '@moltbot/contract'
import { Type } from 'typebox'
import { fromOutside } from './text/from-outside.ts'
import { untilAborted } from './text/until-aborted.ts'
import { visible } from './text/visible.ts'

/** Text of a PDF in the workspace. Where it came from is unknown, so it counts as from outside. */
export const pdf = defineTool({
  name: 'pdf',
  description: 'Read the text of a PDF in the workspace.',
  input: Type.Object(
    {
      path: Type.String({ minLength: 1 }),
      first: Type.Optional(Type.Integer({ minimum: 1, description: 'Page' })),
      last: Type.Optional(Type.Integer({ minimum: 1 })),
    },
    { additionalProperties: false },
  ),
  needs: ['documents'],
  effects: (input) => [{ kind: 'reads-private', what: input.path }, { kind: 'reads-untrusted', what: input.path }],
  summarize: (input) => `Read the PDF ${visible(input.path)}${input.first === undefined && input.last === undefined ? '' : `, pages ${input.first ?? 1} to ${input.last ?? 'the last'}`}`,
  async run(input, grants, signal) {
    const pages = input.first === undefined && input.last === undefined ? {} : { pages: { first: input.first ?? 1, last: input.last ?? 100_000 } }
    const { text, truncated, boundary } = await untilAborted(() => grants.documents.pdf(input.path, pages, signal), signal)
    return { origin: 'external', content: [{ type: 'text', text: fromOutside(boundary, text === '' ? '(no text; the pages may be pictures)' : text) + (truncated ? '\n[cut; go on with first]' : '') }] }
  },
})
