import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asNumber, asText } from '../wire-fields.ts'

export const health = defineCommand({
  name: 'health',
  summary: 'One word: is everything well',
  topic: 'look',
  description: 'Exits 0 when the gateway is well, 1 when messages are stuck, deliveries failed, the record cannot be written or the configuration has errors.',
  args: {},
  flags: {
    probe: { kind: 'boolean', summary: 'Make a round trip with every connected network' },
  },
  json: 'the gateway\'s health summary, and `well`',
  async run({ flags }, { gateway, report, terminal }) {
    const client = await gateway()
    const summary = asFields(await client.request('health', flags.probe ? { probe: true } : {}, { timeoutMs: 20_000 }))
    const complaints = complaintsOf(summary)
    const well = summary['ok'] === true && complaints.length === 0
    report({ well, ...summary }, () => (well ? `${terminal.paint.green('●')} well` : [`${terminal.paint.yellow('●')} not well`, ...complaints.map((complaint) => `  ${complaint}`)]))
    return well ? exitCodes.ok : exitCodes.failed
  },
})

/** What is wrong according to a health summary, each a sentence with what to do. */
export function complaintsOf(summary: Record<string, unknown>): string[] {
  const inbox = asFields(summary['inbox'])
  const outbox = asFields(summary['outbox'])
  const record = asFields(summary['record'])
  const stuck = asNumber(inbox['stuck']) ?? 0
  const failed = asNumber(outbox['failed']) ?? 0
  return [
    ...(stuck > 0 ? [`${stuck} ${stuck === 1 ? 'message is' : 'messages are'} without progress for a minute. Look at: moltbot logs`] : []),
    ...(failed > 0 ? [`${failed} ${failed === 1 ? 'reply' : 'replies'} could not be delivered. Look at: moltbot logs`] : []),
    ...(record['ok'] === false ? [`The record: ${printableLine(asText(record['reason']) ?? 'entries cannot be written')} Look at: moltbot audit verify`] : []),
    ...(summary['configOk'] === false ? ['The configuration has errors. Look at: moltbot config validate'] : []),
  ]
}
