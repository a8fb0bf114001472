import { defineTool, ownConversation } from '@moltbot/contract'
import { Type } from 'typebox'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

/** Words said aloud, in the conversation they belong to. What they cost is set aside like a call of a model. */
export const tts = defineTool({
  name: 'tts',
  description: 'Send a voice note here.',
  input: Type.Object({ text: Type.String({ minLength: 1, maxLength: 4_000 }) }, { additionalProperties: false }),
  needs: ['messages'],
  deadlineMs: () => 90_000,
  effects: () => [{ kind: 'sends', to: ownConversation }],
  summarize: ({ text }) => `Say aloud: ${quoted(text, 1_000)}`,
  async run({ text }, { messages }, signal) {
    const sent = await untilAborted(() => messages.speak(text, signal), signal)
    const said = (words: string) => ({ content: [{ type: 'text' as const, text: words }] })
    if (sent.again) return said(`These words were said in ${visible(sent.to)} in this turn already (message ${sent.id}).`)
    if (sent.state !== 'sent') return { ...said('It is on its way and goes out as soon as it can.'), stands: { kind: 'going' as const, why: 'waits for the network' } }
    return said(`Said in ${visible(sent.to)} as message ${sent.id}. It need not be written as well.`)
  },
})
