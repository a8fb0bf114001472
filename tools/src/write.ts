import { defineTool } from '@moltbot/contract'
import { Type } from 'typebox'
import { writingEffects } from './text/prompt-files.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

/** A whole file, new or replaced. */
export const write = defineTool({
  name: 'write',
  description: 'Write a whole file, replacing what it held. Folders are made.',
  input: Type.Object(
    {
      path: Type.String({ minLength: 1, maxLength: 1_024 }),
      text: Type.String(),
    },
    { additionalProperties: false },
  ),
  needs: ['files.write'],
  effects: (input) => writingEffects(input.path),
  summarize: (input) => `Write ${visible(input.path)}: ${quoted(input.text, 120)}`,
  async run(input, grants, signal) {
    const done = await untilAborted(() => grants['files.write'].write(input.path, input.text), signal)
    return { content: [{ type: 'text', text: `${done.created ? 'Created' : 'Replaced'} ${visible(input.path)} (${done.bytes} bytes).` }] }
  },
})
