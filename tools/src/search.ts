import { defineTool } from '@moltbot/contract'
import { Type } from 'typebox'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

/** Lines that hold some words, anywhere in the workspace. */
export const search = defineTool({
  name: 'search',
  description: 'Find lines in files that contain a text.',
  input: Type.Object(
    {
      text: Type.String({ minLength: 1, maxLength: 500 }),
      regex: Type.Optional(Type.Boolean()),
      ignore_case: Type.Optional(Type.Boolean()),
      path: Type.Optional(Type.String({ maxLength: 1_024 })),
      glob: Type.Optional(Type.String({ maxLength: 200, description: 'such as `*.md`' })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    },
    { additionalProperties: false },
  ),
  needs: ['files.read'],
  effects: (input) => [{ kind: 'reads-private', what: input.path ?? '.' }],
  summarize: (input) =>
    [
      `Search ${visible(input.path ?? 'the workspace')} for ${input.regex === true ? 'pattern ' : ''}${quoted(input.text, 500)}`,
      ...(input.glob === undefined ? [] : [`in ${visible(input.glob)}`]),
      ...(input.ignore_case === true ? ['ignoring case'] : []),
    ].join(' '),
  async run(input, grants, signal) {
    const { matches, more } = await untilAborted(
      () =>
        grants['files.read'].search({
          text: input.text,
          regex: input.regex ?? false,
          ignoreCase: input.ignore_case ?? false,
          path: input.path ?? '',
          ...(input.glob === undefined ? {} : { glob: input.glob }),
          matchesMax: input.limit ?? 50,
        }),
      signal,
    )
    if (matches.length === 0) return { content: [{ type: 'text', text: more ? 'No match in what could be searched; there is more: search a folder of it.' : 'No match.' }] }
    const lines = matches.map((match) => `${visible(match.path)}:${match.line}: ${visible(match.text)}`)
    if (more) lines.push('[more matches or files were left out; narrow the search]')
    return { origin: 'owner', content: [{ type: 'text', text: lines.join('\n') }] }
  },
})
