import { defineCommand, exitCodes } from '@moltbot/contract'
import { withVault } from '../open-vault.ts'
import { printableLine } from '../printable.ts'

export const vaultDoctor = defineCommand({
  name: 'vault doctor',
  summary: 'Try every secret and say what is damaged, old or in the clear',
  topic: 'settings',
  description: 'Exit code 1 when something is damaged. With --accept-older the vault that is there is taken although it is older than the last one: for a backup you put back yourself, while the gateway is not running.',
  args: {},
  flags: { 'accept-older': { kind: 'boolean', summary: 'Take an older copy of the vault that you put back yourself' } },
  json: '{status, findings: [{severity, subject, sentence, next}]}',
  examples: ['vault doctor', 'vault doctor --accept-older'],
  async run({ flags }, context) {
    const { paint } = context.terminal
    const found = await withVault(context, async (vault) => ({ status: await vault.status(), findings: await vault.doctor() }), flags['accept-older'] ? { acceptOlder: true } : {})
    const { status, findings } = found
    context.report(found, () => [
      `The vault is ${status.state}: ${status.secrets === 1 ? 'one secret' : `${status.secrets} secrets`}, key ${status.keyId} (${status.kind}), state ${status.generation}.`,
      ...findings.map(({ severity, sentence, next }) => `${severity === 'critical' ? paint.red('✗') : severity === 'warn' ? paint.yellow('!') : paint.dim('·')} ${printableLine(sentence)} ${printableLine(next)}`),
      ...(findings.length === 0 ? [`${paint.green('✓')} Every secret opens.`] : []),
    ])
    return findings.some(({ severity }) => severity === 'critical') ? exitCodes.failed : exitCodes.ok
  },
})
