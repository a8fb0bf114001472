import { testTool } from '@moltbot/contract/testing'
import { ownConversation, Problem, type Messages, type SentMessage } from '@moltbot/contract'
import { expect, test } from 'vitest'
import { tts } from './tts.ts'

const speaks = (sent: Partial<SentMessage> | Problem): { messages: Messages } => ({
  messages: {
    async speak() {
      if (sent instanceof Problem) throw sent
      return { id: 'de-1', to: 'telegram:1001', state: 'sent', again: false, ...sent }
    },
  } as Partial<Messages> as Messages,
})
const say = async (sent: Partial<SentMessage>): Promise<{ text: string | undefined; stands: unknown }> => {
  const { content: [part], stands } = await tts.run({ text: 'good morning' }, speaks(sent), new AbortController().signal)
  return { text: part?.type === 'text' ? part.text : undefined, stands }
}

testTool(tts, { examples: [{ text: 'good morning' }], grants: () => speaks({}), refused: [{}, { text: '' }, { text: 'x', to: 'telegram:2002' }] })

test('it goes to its own conversation and nowhere else', () => {
  expect(tts.effects({ text: 'x' })).toEqual([{ kind: 'sends', to: ownConversation }])
})

test('the model is told how the note stands', async () => {
  expect(await say({})).toEqual({ text: 'Said in telegram:1001 as message de-1. It need not be written as well.', stands: undefined })
  expect((await say({ again: true })).text).toContain('in this turn already')
  expect((await say({ state: 'waiting' })).stands).toEqual({ kind: 'going', why: 'waits for the network' })
  await expect(tts.run({ text: 'x' }, speaks(new Problem('speech-unset', 'Nobody here can speak.')), new AbortController().signal)).rejects.toMatchObject({ code: 'speech-unset' })
})
