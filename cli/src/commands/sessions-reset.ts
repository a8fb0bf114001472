import { defineCommand, exitCodes } from '@moltbot/contract'
import { requireSession } from '../known-session.ts'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

export const sessionsReset = defineCommand({
  name: 'sessions reset',
  summary: 'Let a conversation start afresh; its settings stay',
  topic: 'talk',
  args: {
    session: { summary: 'Its key, as "moltbot sessions" shows it', required: true },
  },
  flags: {},
  json: '{ok, key, entry}',
  async run({ args }, { gateway, report }) {
    const client = await gateway()
    await requireSession(client, args.session)
    const answer = asFields(await client.request('sessions.reset', { key: args.session }, { timeoutMs: 30_000 }))
    report(answer, () => `${printableLine(asText(answer['key']) ?? args.session)} starts afresh. The old history is kept in the gateway's store.`)
    return exitCodes.ok
  },
})
