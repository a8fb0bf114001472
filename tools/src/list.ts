import { defineTool } from '@moltbot/contract'
import { Type } from 'typebox'
import { untilAborted } from './text/until-aborted.ts'
import { visible } from './text/visible.ts'

/** What is in a folder. */
export const list = defineTool({
  name: 'list',
  description: 'List files and folders.',
  input: Type.Object(
    {
      path: Type.Optional(Type.String({ maxLength: 1_024 })),
      depth: Type.Optional(Type.Integer({ minimum: 1, maximum: 8 })),
    },
    { additionalProperties: false },
  ),
  needs: ['files.read'],
  effects: (input) => [{ kind: 'reads-private', what: input.path ?? '.' }],
  summarize: (input) => `List ${visible(input.path ?? 'the workspace')}${input.depth === undefined ? '' : `, ${input.depth} levels`}`,
  async run(input, grants, signal) {
    const { entries, more } = await untilAborted(() => grants['files.read'].list(input.path ?? '', input.depth ?? 1), signal)
    if (entries.length === 0) return { content: [{ type: 'text', text: '(empty)' }] }
    const lines = entries.map((entry) => {
      const name = visible(entry.path)
      switch (entry.kind) {
        case 'folder':
          return `${name}/`
        case 'file':
          return `${name} (${entry.bytes} bytes, ${new Date(entry.modifiedAt).toISOString().slice(0, 16)}Z)`
        case 'link':
          return `${name} (link, not followed)`
        case 'other':
          return `${name} (not a file)`
      }
    })
    if (more) lines.push('[more entries were left out; list a folder of it]')
    return { origin: 'owner', content: [{ type: 'text', text: lines.join('\n') }] }
  },
})
