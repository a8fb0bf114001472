import { defineCommand, exitCodes, vaultKeyKinds } from '@moltbot/contract'
import type { VaultKeyKind } from '@moltbot/contract'
import { askNewPassphrase, withVault } from '../open-vault.ts'

export const vaultRotate = defineCommand({
  name: 'vault rotate',
  summary: 'Give the vault a new key',
  topic: 'settings',
  description: 'Everything is sealed anew, while the gateway runs. With --to the new key is of another kind: a file outside the state directory, the system\'s keyring, a systemd credential (handed to the gateway as moltbot-vault-key), or a passphrase. Backups of the vault made before need the old key: keep it with them.',
  args: {},
  flags: { to: { kind: 'text', value: 'where', summary: 'Where the new key is kept (default: where it is now)', choices: vaultKeyKinds } },
  json: '{state, kind, keyId, generation, secrets}',
  examples: ['vault rotate', 'vault rotate --to keyring', 'vault rotate --to passphrase'],
  async run({ flags }, context) {
    const status = await withVault(context, async (vault) => {
      const kind = (flags.to ?? (await vault.status()).kind) as VaultKeyKind
      return vault.rotate({ kind, ...(kind === 'passphrase' ? { passphrase: await askNewPassphrase(context, 'New passphrase of the vault') } : {}) })
    })
    context.report(status, () => `The vault has a new key (${status.kind}, ${status.keyId}); ${status.secrets === 1 ? 'one secret was' : `${status.secrets} secrets were`} sealed anew.`)
    return exitCodes.ok
  },
})
