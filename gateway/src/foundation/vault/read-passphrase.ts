import { closeSync, readSync } from 'node:fs'
import { vaultProblems } from './problems.ts'

/** More is no passphrase. */
const lengthMax = 1_024

/** The first line behind an open file descriptor, which is closed then, so that no child inherits it. Throws `vault-passphrase-source`. */
export function readPassphrase(descriptor: number): string {
  const bytes = Buffer.alloc(lengthMax)
  let length = 0
  try {
    while (length < lengthMax) {
      const read = readSync(descriptor, bytes, length, lengthMax - length, null)
      if (read === 0 || bytes.subarray(length, length + read).includes(10)) {
        length += read
        break
      }
      length += read
    }
    closeSync(descriptor)
  } catch (error) {
    throw vaultProblems.passphraseSource(`file descriptor ${descriptor} cannot be read`, error)
  }
  const passphrase = bytes.subarray(0, length).toString('utf8').split(/\r?\n/)[0] ?? ''
  bytes.fill(0)
  if (passphrase === '') throw vaultProblems.passphraseSource(`there is nothing behind file descriptor ${descriptor}`)
  return passphrase
}
