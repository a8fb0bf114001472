import { defineCheck } from '@moltbot/contract'

export const fsVaultKeyInsideStateDir = defineCheck({
  id: 'fs.vault_key.inside_state_dir',
  severity: 'critical',
  title: 'The key of the sealed secrets is kept apart from them',
  find: (facts) => facts.files.filter(({ role, path, target }) => role === 'vault-key' && [path, target ?? ''].some((place) => place.startsWith(`${facts.stateDir}/`))).map(({ path }) => ({
    check: 'fs.vault_key.inside_state_dir', severity: 'critical', subject: path,
    evidence: 'It lies in the state directory: every copy and backup of the state opens all secrets.',
    remedy: 'Stop the gateway, move the key elsewhere, and name the place in MOLTBOT_VAULT_KEY_FILE.',
  })),
})
