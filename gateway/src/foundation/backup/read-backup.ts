import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { BackupKey, BackupManifest } from '@moltbot/contract'
import { decrypted } from './age-file.ts'
import { keyName, manifestName, staysInside } from './create-backup.ts'
import { backupProblems } from './problems.ts'
import { readMembers, type Member } from './tar.ts'

const manifestBytesMax = 256 << 20

/** What takes the members of a backup in while it is read. Their content is compared with the manifest only when all of it was read. */
export type Sink = (member: Member, content: AsyncIterable<Buffer>) => Promise<void>

/**
 * Reads a backup to its end and compares every member with what its manifest says. Resolves only when all of it is genuine and as it was written;
 * until then nothing that was handed to `sink` may be used.
 */
export async function readBackup(file: string, key: BackupKey, sink?: Sink): Promise<{ manifest: BackupManifest; bytes: number }> {
  const seen = new Map<string, { bytes: number; sha256: string; kind: string }>()
  let manifest: BackupManifest | undefined
  const found = await stat(file).catch((error: unknown) => {
    throw backupProblems.unreadable(file, error)
  })
  if (!found.isFile()) throw backupProblems.unreadable(file)
  const { size } = found
  await readMembers(decrypted(file, key), async (member, content) => {
    const { path, kind, to } = member
    if (manifest !== undefined) throw backupProblems.refused(`"${path}" behind the manifest`)
    if (path === manifestName) {
      if (kind !== 'file' || member.bytes > manifestBytesMax) throw backupProblems.refused('a manifest that is none')
      const pieces: Buffer[] = []
      for await (const piece of content) pieces.push(piece)
      manifest = manifestOf(Buffer.concat(pieces).toString('utf8'))
      return
    }
    if (!path.startsWith('state/') && path !== 'state' && path !== keyName && !(kind === 'folder' && path === 'key')) throw backupProblems.refused(`"${path}"`)
    if (kind === 'link' && !(path.startsWith('state/') && staysInside(path.slice('state/'.length), to))) throw backupProblems.refused(`a link that leads elsewhere: "${path}"`)
    const hash = createHash('sha256')
    if (kind === 'link') hash.update(to)
    const watched = (async function* () {
      for await (const piece of content) {
        hash.update(piece)
        yield piece
      }
    })()
    if (sink === undefined) for await (const piece of watched) void piece
    else await sink(member, watched)
    if (kind !== 'folder') seen.set(path, { bytes: member.bytes, sha256: hash.digest('hex'), kind })
  })
  if (manifest === undefined) throw backupProblems.damaged('it has no manifest')
  for (const told of manifest.files) {
    const found = seen.get(told.path)
    if (found === undefined || found.kind !== told.kind || found.bytes !== told.bytes || found.sha256 !== told.sha256) throw backupProblems.damaged(`"${told.path}" is not what was written`)
    seen.delete(told.path)
  }
  const [stray] = seen.keys()
  if (stray !== undefined) throw backupProblems.refused(`"${stray}", of which the manifest says nothing`)
  return { manifest, bytes: size }
}

function manifestOf(text: string): BackupManifest {
  const wrong = backupProblems.damaged('its manifest cannot be read')
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    throw wrong
  }
  if (typeof found !== 'object' || found === null) throw wrong
  const { format, madeAt, version, from, steps, recorded, vaultGeneration, files } = found as Record<string, unknown>
  const numbers = [madeAt, recorded, vaultGeneration].every((each) => Number.isSafeInteger(each))
  if (format !== 'moltbot-backup-1' || !numbers || typeof version !== 'string' || typeof from !== 'string' || !Array.isArray(steps) || !steps.every((each) => typeof each === 'string') || !Array.isArray(files)) throw wrong
  for (const each of files as unknown[]) {
    const { path, kind, bytes, sha256 } = (each ?? {}) as Record<string, unknown>
    if (typeof path !== 'string' || (kind !== 'file' && kind !== 'link') || !Number.isSafeInteger(bytes) || typeof sha256 !== 'string') throw wrong
  }
  return found as BackupManifest
}
