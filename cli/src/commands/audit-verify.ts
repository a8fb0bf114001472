import { readFile } from 'node:fs/promises'
import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { askAudit } from '../audit/ask-audit.ts'
import { printableLine } from '../printable.ts'

export const auditVerify = defineCommand({
  name: 'audit verify',
  summary: 'Prove that nobody changed the record',
  topic: 'look',
  description:
    'Reads every entry, checks that each follows the one before it, and compares the record with the signed checkpoints that are kept outside the state directory. ' +
    'Names the first entry that is not as it was written. Works with and without a running gateway.\n\n' +
    'Exits 0 when the record is whole, else 1.',
  args: {},
  flags: {
    anchors: { kind: 'text', value: 'file', summary: 'Also compare with anchors collected elsewhere (journalctl -t moltbot-audit -o cat, a syslog file)' },
    accept: { kind: 'boolean', summary: 'Take what is found as it is from now on, under your name (after you restored a backup yourself)' },
    offline: { kind: 'boolean', summary: 'Read the files on this computer, also while the gateway runs' },
  },
  json: '{ok, fault, at, rows, from, to, anchors, sentence, next, notes, through}',
  examples: ['audit verify', 'audit verify --json', 'audit verify --anchors /var/log/moltbot-anchors.log'],
  async run({ flags }, context) {
    const anchors = flags.anchors === undefined ? undefined : await readAnchorFile(flags.anchors)
    const record = await askAudit(context, flags.offline)
    try {
      const found = await record.verify({ ...(anchors === undefined ? {} : { anchors }), ...(flags.accept ? { accept: true } : {}) })
      const { paint } = context.terminal
      context.report({ ...found, through: record.through }, () => [
        `${found.ok ? paint.green('✅') : paint.red('✗')} ${printableLine(found.sentence)}`,
        ...(found.at === null || found.ok ? [] : [`   First place: ${found.at}`]),
        ...(found.next === null ? [] : [`   → ${printableLine(found.next)}`]),
        ...found.notes.map((note) => paint.dim(`   ${printableLine(note)}`)),
        ...(flags.accept && !found.ok ? ['   Accepted as it is; the next check begins from here.'] : []),
      ])
      return found.ok || flags.accept ? exitCodes.ok : exitCodes.failed
    } finally {
      await record.close()
    }
  },
})

async function readAnchorFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Problem('file-unreadable', `${file} cannot be read: ${(error as Error).message}.`, { next: 'Check the path.', cause: error })
  }
}
