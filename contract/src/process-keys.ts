import { Type } from 'typebox'

/** What a channel's section says about where the channel runs. The gateway reads it; the channel itself does not know. */
export const processKeys = {
  process: Type.Union([Type.Literal('gateway'), Type.Literal('own')], {
    default: 'gateway',
    description: 'Where its accounts run: in the gateway’s process, or in one of its own, which costs about 60 MB more and takes nothing else along when it crashes, hangs or fills its memory. It is then started again by itself.',
  }),
  processMemoryMb: Type.Integer({ default: 256, minimum: 64, maximum: 4_096, description: 'With `process: own`, the memory it may use before it is ended and started again, in MB, beside about 150 for the program itself.' }),
}
