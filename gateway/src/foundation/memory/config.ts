import { Type } from 'typebox'
import { defineSection } from '@moltbot/contract'

/** How memory is searched. */
export const memorySection = defineSection({
  path: 'agents.defaults.memorySearch',
  title: 'Finding what was noted',
  reload: 'hot',
  schema: Type.Object({
    query: Type.Object({
      maxResults: Type.Integer({ default: 6, minimum: 1, maximum: 50, description: 'How many lines one search gives when the model does not say.' }),
      minScore: Type.Number({ default: 0.1, minimum: 0, maximum: 1, description: 'Lines that fit worse than this are left out; 1 is the best line there can be.' }),
    }, { default: {}, description: 'What a search gives.' }),
  }, { default: {} }),
})
