import { Problem } from '@moltbot/contract'

/** Everything that can be wrong with a backup, and what to do about it. */
export const backupProblems = {
  target: (what: string): Problem => new Problem('backup-target', `This cannot keep a backup safe: ${what}.`, { next: 'Use a passphrase of at least 12 characters, or age recipients (age1…).' }),
  exists: (file: string): Problem => new Problem('backup-exists', `${file} is there already; a backup never replaces a file.`, { next: 'Choose another name.' }),
  nothing: (stateDir: string): Problem => new Problem('backup-nothing', `There is nothing to back up: ${stateDir} is not there.`, { next: 'Say where the state is with MOLTBOT_STATE_DIR.' }),
  changed: (path: string): Problem => new Problem('backup-changed', `${path} became shorter while it was read.`, { next: 'Try again when nothing writes there.' }),
  unreadable: (file: string, cause?: unknown): Problem => new Problem('backup-unreadable', `There is no file ${file} that can be read.`, { next: 'Say where the backup lies. Nothing was changed.', ...(cause === undefined ? {} : { cause }) }),
  unopened: (): Problem => new Problem('backup-unopened', 'This passphrase or identity does not open the file, or it is no backup.', { next: 'Try the right one; nothing was changed.' }),
  damaged: (what: string): Problem => new Problem('backup-damaged', `The backup is damaged or was changed: ${what}.`, { next: 'Use another copy. Nothing was changed.' }),
  refused: (what: string): Problem => new Problem('backup-refused', `The backup holds what no backup of ours does: ${what}.`, { next: 'Do not use it. Nothing was changed.' }),
  older: (what: string): Problem => new Problem('backup-older', `The backup is older than what stands here: ${what}.`, { next: 'What came later would be gone. If you want it nevertheless: moltbot backup restore FILE --accept-older' }),
  newer: (steps: readonly string[]): Problem => new Problem('backup-newer', `The backup is of a newer version; this one does not know ${steps.join(', ')}.`, { next: 'Install that version first. Nothing was changed.' }),
  place: (stateDir: string, cause: unknown): Problem => new Problem('backup-place', `${stateDir} cannot be moved aside.`, { next: 'Where it is a mounted folder, restore into another one with MOLTBOT_STATE_DIR. Nothing was changed.', cause }),
}
