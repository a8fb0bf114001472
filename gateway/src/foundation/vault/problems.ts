import { Problem } from '@moltbot/contract'

/** Every failure of the vault. All of them mean: no secret is handed out. */
export const vaultProblems = {
  keyPlace: (keyFile: string, stateDir: string) => new Problem('vault-key-place', `The vault's key ${keyFile} is inside ${stateDir}, beside what it seals.`, {
    next: 'Choose a key file outside the state directory.', details: { keyFile },
  }),
  keyPermissions: (keyFile: string, mode: string) => new Problem('vault-key-permissions', `The vault's key ${keyFile} can be read or changed by others (mode ${mode}).`, {
    next: `Run: chmod 600 ${quote(keyFile)}`, details: { keyFile, mode },
  }),
  keyOwner: (keyFile: string) => new Problem('vault-key-owner', `The vault's key ${keyFile} belongs to another user.`, { next: `Run: sudo chown "$(id -un)" ${quote(keyFile)}`, details: { keyFile } }),
  keyMissing: (keyFile: string, vaultFile: string) => new Problem('vault-key-missing', `The vault ${vaultFile} holds secrets, but its key ${keyFile} is not there.`, {
    next: `Put the key file back from your backup. Without it the secrets can't be opened; to start over, move ${quote(vaultFile)} away.`, details: { keyFile, vaultFile },
  }),
  keyInvalid: (keyFile: string) => new Problem('vault-key-invalid', `${keyFile} is not a vault key.`, { next: 'Put the key file back from your backup.', details: { keyFile } }),
  keyWrong: (keyFile: string, vaultFile: string) => new Problem('vault-key-wrong', `The key ${keyFile} is not the one ${vaultFile} was sealed with.`, {
    next: 'Put the key file back that belongs to it.', details: { keyFile, vaultFile },
  }),
  damaged: (vaultFile: string, what: string, cause?: unknown) => new Problem('vault-damaged', `The vault ${vaultFile} is damaged: ${what}.`, {
    next: 'Put the file back from your backup, or remove the named secret and set it again.', details: { vaultFile }, ...(cause === undefined ? {} : { cause }),
  }),
  tampered: (vaultFile: string, name: string, cause?: unknown) => new Problem('vault-tampered', `The secret ${name} in ${vaultFile} is not what was sealed there.`, {
    next: 'Somebody or something changed the file. Put it back from your backup, or remove this secret and set it again.', details: { vaultFile, name }, ...(cause === undefined ? {} : { cause }),
  }),
  nameInvalid: (name: string) => new Problem('vault-name-invalid', `${JSON.stringify(name.slice(0, 80))} can't be the name of a secret.`, {
    next: 'Use letters, digits and . _ - : / @, at most 200, beginning with a letter or digit.',
  }),
  valueInvalid: (name: string) => new Problem('vault-value-invalid', `The value for ${name} is empty or longer than 64 KiB.`, { next: 'Give a value between 1 byte and 64 KiB.', details: { name } }),
  notAFile: (file: string) => new Problem('vault-not-a-file', `${file} is not a regular file.`, { next: 'Move away what stands there.', details: { file } }),
}

function quote(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll('\'', '\'\\\'\'')}'`
}
