import { defineCommand, exitCodes } from '@moltbot/contract'

export const vaultLock = defineCommand({
  name: 'vault lock',
  summary: 'Make the running gateway forget the key of the vault',
  topic: 'settings',
  description: 'No secret can be read from it until "moltbot vault unlock". What is in use already (an open connection to a network, say) is not taken back.',
  args: {},
  flags: {},
  json: '{state, kind, keyId, generation, secrets}',
  examples: ['vault lock'],
  async run(_input, { gateway, report }) {
    const status = await (await gateway()).request('vault.lock', {})
    report(status, () => 'The vault is locked. Open it again with: moltbot vault unlock')
    return exitCodes.ok
  },
})
