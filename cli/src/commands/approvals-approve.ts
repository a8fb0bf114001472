import { defineCommand, exitCodes } from '@moltbot/contract'
import { findQuestion } from '../approval-lines.ts'
import { printableLine } from '../printable.ts'
import { asText } from '../wire-fields.ts'

export const approvalsApprove = defineCommand({
  name: 'approvals approve',
  summary: 'Say yes to one call, exactly as it was asked',
  topic: 'people',
  description: 'The yes is good for this very call and once. With --always it also holds later, for what the question names and nothing else.',
  args: { code: { summary: 'The four characters of the question, or its id', required: true } },
  flags: { always: { kind: 'boolean', summary: 'Also from now on, for exactly what the question names' } },
  json: '{ok, id}',
  examples: ['approvals approve K7QM', 'approvals approve K7QM --always'],
  async run({ args, flags }, { gateway, report, terminal }) {
    const client = await gateway()
    const question = await findQuestion(client, args.code)
    const id = asText(question['id']) ?? ''
    await client.request('exec.approval.resolve', { id, decision: flags.always ? 'allow-always' : 'allow-once' })
    report({ ok: true, id }, () => `${terminal.paint.green('✓')} Allowed ${flags.always ? `from now on: ${printableLine(asText(question['always']) ?? '')}.` : 'once.'}`)
    return exitCodes.ok
  },
})
