import { defineSection } from '@moltbot/contract'
import { Type } from 'typebox'

const commands = (description: string) => Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { default: [], maxItems: 50, description })

/** What nodes may be asked for. */
export const nodesSection = defineSection({
  path: 'gateway.nodes',
  title: 'What may be asked of pages and devices',
  reload: 'hot',
  schema: Type.Object({
    allowCommands: commands('Asked of paired devices too, besides what their platform has: `camera.snap`, `clipboard.read`, `file.pick` … A page of this gateway needs no word here: it asks its person itself.'),
    denyCommands: commands('Never asked of anything, pages included; stronger than `allowCommands`.'),
  }),
})
