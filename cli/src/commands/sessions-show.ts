import { defineCommand, exitCodes } from '@moltbot/contract'
import { messageText } from '../chat/message-text.ts'
import { requireSession } from '../known-session.ts'
import { printable, printableLine } from '../printable.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const sessionsShow = defineCommand({
  name: 'sessions show',
  summary: 'Print the history of one conversation',
  topic: 'look',
  args: {
    session: { summary: 'Its key, as "moltbot sessions" shows it (default main)' },
  },
  flags: {
    limit: { kind: 'number', value: 'count', summary: 'At most so many of the latest messages (default 50)', min: 1, max: 1_000 },
    tools: { kind: 'boolean', summary: 'Also what tools returned' },
  },
  json: 'the gateway\'s `chat.history`',
  async run({ args, flags }, { gateway, report, terminal }) {
    const client = await gateway()
    const history = asFields(await client.request('chat.history', { sessionKey: args.session ?? 'main', limit: flags.limit ?? 50 }))
    if (args.session !== undefined && asList(history['messages']).length === 0) await requireSession(client, args.session)
    report(history, () => {
      const messages = asList(history['messages']).filter((message) => flags.tools || message['role'] !== 'toolResult')
      const { bold, cyan, dim } = terminal.paint
      const lines = messages.flatMap((message) => {
        const text = printable(messageText(message)).trimEnd()
        if (text === '') return []
        const role = asText(message['role']) ?? '?'
        const who = role === 'user' ? cyan(printableLine(asText(message['senderLabel']) ?? 'you')) : role === 'assistant' ? bold('assistant') : dim(role === 'toolResult' ? `tool ${printableLine(asText(message['toolName']) ?? '')}` : 'note')
        const id = asText(message['inboxId'])
        return [`${who} ${dim(timeWords(asNumber(message['timestamp'])) + (id === undefined ? '' : `  ${id}`))}`, text, '']
      })
      return lines.length === 0 ? 'Nothing was said here yet.' : lines.slice(0, -1)
    })
    return exitCodes.ok
  },
})

function timeWords(at: number | undefined): string {
  return at === undefined ? '' : new Date(at).toISOString().replace('T', ' ').slice(0, 16)
}
