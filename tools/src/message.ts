import { defineTool, looksLikeSite, ownConversation, type Effect } from '@moltbot/contract'
import { Type } from 'typebox'
import { hostOf } from './text/host-of.ts'
import { needed } from './text/needed.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

/** A file may stand in the web. */
const isAddress = (file: string): boolean => /^https?:\/\//i.test(file)

/** Words to people besides the answer itself. */
export const message = defineTool({
  name: 'message',
  description: 'Message people, or here.',
  input: Type.Object(
    {
      action: Type.Enum(['send', 'reply', 'react', 'edit', 'delete', 'pin', 'unpin', 'poll', 'sticker', 'list']),
      to: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
      text: Type.Optional(Type.String({ maxLength: 20_000 })),
      id: Type.Optional(Type.String({ maxLength: 100 })),
      file: Type.Optional(Type.String()),
      options: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 2, maxItems: 12 })),
    },
    { additionalProperties: false },
  ),
  needs: ['messages'],
  effects(input): Effect[] {
    if (input.action === 'list') return [{ kind: 'reads-private', what: 'who can be written to' }]
    const to = input.to?.trim() ?? ''
    // Somebody who is called like it is not it.
    const sends = { kind: 'sends', to: to === '' ? ownConversation : to === ownConversation || looksLikeSite(to) ? `"${to}"` : to } as const
    if (input.file === undefined) return [sends]
    return [isAddress(input.file) ? { kind: 'reaches-host', host: hostOf(input.file), url: input.file } : { kind: 'reads-private', what: input.file }, { ...sends, file: input.file }]
  },
  summarize(input) {
    const parts = [
      ...(input.id === undefined ? [] : [visible(input.id)]), ...(input.to === undefined ? [] : [`to ${visible(input.to)}`]), ...(input.file === undefined ? [] : [`the file ${visible(input.file)}`]), ...(input.text === undefined ? [] : [quoted(input.text, 1_000)]),
      ...(input.options === undefined ? [] : [`(${input.options.map(visible).join(' / ')})`]),
    ]
    return [`Message: ${visible(input.action)}`, ...parts].join(' ')
  },
  async run(input, grants, signal) {
    const { messages } = grants
    const said = (text: string) => ({ content: [{ type: 'text' as const, text }] })
    const wordsOf = (): string => needed(input.text, 'text')
    switch (input.action) {
      case 'list': {
        const all = await untilAborted(() => messages.recipients(), signal)
        // Names are chosen by their bearers.
        return { ...(all.length === 0 ? {} : { origin: 'external' as const }), ...said(all.length === 0 ? 'Nobody else is known.' : all.map(({ id, names }) => `${visible(id)}${names.length === 0 ? '' : ` (${names.map(visible).join(', ')})`}`).join('\n')) }
      }
      case 'send':
      case 'reply': {
        const sent = await untilAborted(() => messages.send({ ...place(input.to), text: input.file === undefined ? wordsOf() : input.text ?? '', reply: input.action === 'reply', ...(input.file === undefined ? {} : { file: input.file }) }, signal), signal)
        if (sent.again) return said(`${input.file === undefined ? 'These words' : 'This file'} went to ${visible(sent.to)} in this turn already (message ${sent.id}).`)
        if (sent.state !== 'sent') return { ...said(`Written down for ${visible(sent.to)} as message ${sent.id}; it goes out as soon as the network can be reached.`), stands: { kind: 'going' as const, why: 'waits for the network' } }
        if (sent.fileLeftOut === true) return { ...said(`${visible(sent.to)} takes no such file; words that say so went instead, as message ${sent.id}.`), isError: true, stands: { kind: 'undone' as const, why: 'the network takes no such file' } }
        return said(`Sent to ${visible(sent.to)} as message ${sent.id}.`)
      }
      case 'react':
        await untilAborted(() => messages.react(input.id, input.to, input.text ?? '👍', signal), signal)
        return said('Done.')
      case 'edit':
        await untilAborted(() => messages.edit(needed(input.id, 'id'), input.to, wordsOf(), signal), signal)
        return said('Changed.')
      case 'delete':
        await untilAborted(() => messages.remove(needed(input.id, 'id'), input.to, signal), signal)
        return said('Taken back.')
      case 'pin':
      case 'unpin': {
        const how = input.action
        await untilAborted(() => messages[how](input.id, input.to, signal), signal)
        return said(how === 'pin' ? 'Pinned.' : 'No longer pinned.')
      }
      case 'sticker': {
        const sent = await untilAborted(() => messages.sticker({ ...place(input.to), ...(input.file === undefined ? { name: wordsOf() } : { file: input.file }) }, signal), signal)
        return said(`Sent to ${visible(sent.to)}.`)
      }
      default: {
        const sent = await untilAborted(() => messages.poll({ ...place(input.to), question: wordsOf(), options: input.options ?? [] }, signal), signal)
        return said(`Asked in ${visible(sent.to)}.`)
      }
    }
  },
})

function place(to: string | undefined): { to?: string } {
  return to === undefined ? {} : { to }
}
