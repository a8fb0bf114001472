import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields } from '../wire-fields.ts'

export const sessionsDelete = defineCommand({
  name: 'sessions delete',
  summary: 'Delete a conversation and its history',
  topic: 'talk',
  args: {
    session: { summary: 'Its key, as "moltbot sessions" shows it', required: true },
  },
  flags: {
    yes: { kind: 'boolean', short: 'y', summary: 'Do not ask' },
  },
  json: '{ok, key, deleted}',
  async run({ args, flags }, { gateway, report, terminal }) {
    const client = await gateway()
    if (!flags.yes) {
      if (!terminal.interactive) throw new Problem('usage', 'Deleting asks first, and nobody is here to answer.', { next: 'Add --yes to delete without asking.' })
      const prompts = await terminal.prompts()
      if ((await prompts.confirm({ message: `Delete ${printableLine(args.session)} and its history?`, initial: false })) !== true) throw new Problem('interrupted', 'Nothing was deleted.')
    }
    const answer = asFields(await client.request('sessions.delete', { key: args.session }, { timeoutMs: 30_000 }))
    report(answer, () => (answer['deleted'] === true ? `${printableLine(args.session)} is deleted.` : `There is no conversation ${printableLine(args.session)}.`))
    return answer['deleted'] === true ? exitCodes.ok : exitCodes.failed
  },
})
