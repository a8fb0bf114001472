import { defineCommand, exitCodes } from '@moltbot/contract'
import { askSecret } from '../open-vault.ts'
import { asFields } from '../wire-fields.ts'

export const vaultUnlock = defineCommand({
  name: 'vault unlock',
  summary: 'Let the running gateway open its vault again',
  topic: 'settings',
  description: 'A passphrase is asked for where the key is one, or read from standard input; any other key is fetched from where it is.',
  args: {},
  flags: {},
  json: '{state, kind, keyId, generation, secrets}',
  examples: ['vault unlock', 'vault unlock < passphrase.txt'],
  async run(_input, context) {
    const client = await context.gateway()
    const { kind, state } = asFields(await client.request('vault.status', {}))
    const passphrase = kind === 'passphrase' && state === 'locked' ? await askSecret(context, 'Passphrase of the vault') : undefined
    const status = await client.request('vault.unlock', passphrase === undefined ? {} : { passphrase }, { timeoutMs: 60_000 })
    context.report(status, () => 'The vault is open.')
    return exitCodes.ok
  },
})
