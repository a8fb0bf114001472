/**
 * Secrets at rest: sealed in `credentials/vault.json` under a key kept elsewhere, opened one at a time. The only place
 * that decrypts. It never writes a value in the clear, never makes a new key while something is sealed under an old
 * one, and hands out nothing when file or key are not as it left them.
 */
export { createVault } from './create-vault.ts'
export type { Vault, VaultOptions } from './create-vault.ts'
export { createVaultDesk } from './vault-desk.ts'
export type { VaultAct } from './vault-desk.ts'
export { absorbSecretsEnv } from './absorb-secrets-env.ts'
export { systemKeyring } from './keyring.ts'
export { readPassphrase } from './read-passphrase.ts'
export { createSealing } from './sealing.ts'
