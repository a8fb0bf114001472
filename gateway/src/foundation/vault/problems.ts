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
  keyWrong: (keyPlace: string, vaultFile: string) => new Problem('vault-key-wrong', `The key ${keyPlace} is not the one ${vaultFile} was sealed with.`, {
    next: 'Put the key back that belongs to it, or the vault file that belongs to the key.', details: { keyPlace, vaultFile },
  }),
  keyShared: (keyFile: string, other: string) => new Problem('vault-key-shared', `The key ${keyFile} also opens ${other}, which would be lost.`, {
    next: 'Give one of the two a key file of its own with MOLTBOT_VAULT_KEY_FILE, and rotate there first.', details: { keyFile, other },
  }),
  keyInTheWay: (keyFile: string) => new Problem('vault-key-in-the-way', `There is a key at ${keyFile} already, and it is not this vault's.`, {
    next: 'Choose another place with MOLTBOT_VAULT_KEY_FILE, or move that file away.', details: { keyFile },
  }),
  credentialMissing: (place: string | undefined) => new Problem('vault-credential-missing', place === undefined
    ? 'The vault\'s key is a systemd credential, and no credentials were handed to this process.'
    : `The vault's key is a systemd credential, and there is none at ${place}.`, {
    next: 'Start the gateway by its systemd unit with LoadCredentialEncrypted=moltbot-vault-key:/path/to/the/credential.', ...(place === undefined ? {} : { details: { place } }),
  }),
  credentialRotation: () => new Problem('vault-credential-rotation', 'A systemd credential can only be changed outside the gateway.', {
    next: 'Rotate to another place first (moltbot vault rotate --to file), replace the credential, then: moltbot vault rotate --to credential',
  }),
  keyringMissing: () => new Problem('vault-keyring-missing', 'The vault\'s key is in the system\'s keyring, and there is no program to ask it.', {
    next: 'Install secret-tool (Debian and Ubuntu: sudo apt install libsecret-tools). On macOS /usr/bin/security is used.',
  }),
  keyringLocked: (reason: string, cause?: unknown) => new Problem('vault-keyring-locked', `The system's keyring does not give the vault's key: ${reason}.`, {
    next: 'Log in to the desktop or unlock the keyring, then run: moltbot vault unlock', ...(cause === undefined ? {} : { cause }),
  }),
  keyringRefused: (reason: string) => new Problem('vault-keyring-refused', `The system's keyring did not take the vault's key: ${reason}.`, { next: 'Unlock the keyring and try again; nothing was changed.' }),
  passphraseMissing: () => new Problem('vault-locked', 'The vault is locked: its passphrase was not given.', {
    next: 'While the gateway runs: moltbot vault unlock. At its start: in a terminal, where it asks for it, or with --passphrase-fd N or MOLTBOT_VAULT_PASSPHRASE_FD=N.',
  }),
  passphraseWrong: () => new Problem('vault-passphrase-wrong', 'This is not the passphrase of the vault.', { next: 'Try again. Without it the secrets cannot be opened by anybody.' }),
  passphraseWeak: () => new Problem('vault-passphrase-weak', 'A passphrase for the vault is one line of at least 12 characters.', { next: 'Take four or five words that do not belong together.' }),
  passphraseSource: (what: string, cause?: unknown) => new Problem('vault-passphrase-source', `The passphrase could not be read: ${what}.`, {
    next: 'Give an open file descriptor, as in: moltbot gateway run --passphrase-fd 3 3< <(pass show moltbot)', ...(cause === undefined ? {} : { cause }),
  }),
  locked: () => new Problem('vault-locked', 'The vault is locked.', { next: 'Run: moltbot vault unlock' }),
  older: (vaultFile: string, found: number, floor: number) => new Problem('vault-rolled-back', `The vault ${vaultFile} is older than the one last written (state ${found}, expected ${floor} or later).`, {
    next: 'Somebody put an old copy back. If it was you, from a backup, run: moltbot vault doctor --accept-older. Otherwise find out who, and rotate every secret in it.', details: { vaultFile, found, floor },
  }),
  floorDamaged: (file: string) => new Problem('vault-floor-damaged', `${file}, which tells an old copy of the vault from the current one, cannot be read.`, {
    next: `If you trust the vault as it is, remove the file: rm ${quote(file)}`, details: { file },
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
  exportTarget: (what: string) => new Problem('vault-export-target', `Nothing was exported: ${what}.`, { next: 'Give a passphrase of at least 12 characters, or a recipient that begins with age1.' }),
}

function quote(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll('\'', '\'\\\'\'')}'`
}
