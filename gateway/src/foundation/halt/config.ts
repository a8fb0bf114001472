import { defineSection } from '@moltbot/contract'
import Type from 'typebox'

/** What ends a turn that goes round in circles. */
export const loopSection = defineSection({
  path: 'tools.loopDetection',
  title: 'Turns that go round in circles',
  reload: 'hot',
  schema: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Refuse a call that gave the same result again and again, and end a turn that makes it all the same. The limit on calls holds either way.' }),
    sameResultMax: Type.Integer({ default: 3, minimum: 2, maximum: 100, description: 'The same call with the same result this often in one turn: the next one is refused in words, and the one after it ends the turn.' }),
    callsMax: Type.Integer({ default: 200, minimum: 1, maximum: 10_000, description: 'Tool calls of one turn; the next one ends it in words.' }),
  }, { additionalProperties: false, default: {} }),
})
