import { defineTool } from '@moltbot/contract'
import { Type } from 'typebox'
import { readPdf } from './text/read-pdf.ts'
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
  run: (input, grants, signal) => readPdf(grants.documents, input.path, input.first === undefined && input.last === undefined ? undefined : { first: input.first ?? 1, last: input.last ?? 100_000 }, signal),
})
