import { defineCommand, exitCodes } from '@moltbot/contract'
import { findQuestion } from '../approval-lines.ts'
import { asText } from '../wire-fields.ts'

export const approvalsDeny = defineCommand({
  name: 'approvals deny',
  summary: 'Say no to one call',
  topic: 'people',
  args: { code: { summary: 'The four characters of the question, or its id', required: true } },
  flags: {},
  json: '{ok, id}',
  examples: ['approvals deny K7QM'],
  async run({ args }, { gateway, report, terminal }) {
    const client = await gateway()
    const id = asText((await findQuestion(client, args.code))['id']) ?? ''
    await client.request('exec.approval.resolve', { id, decision: 'deny' })
    report({ ok: true, id }, () => `${terminal.paint.green('✓')} Refused.`)
    return exitCodes.ok
  },
})
