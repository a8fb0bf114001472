import { lstat, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { Problem } from '@moltbot/contract'

/** Replaces a file whole, with mode 600: readers see the old or the new text, also after a power cut. A symbolic link is refused. */
export async function writeFileAtomically(file: string, text: string): Promise<void> {
  const standing = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (standing !== undefined && !standing.isFile()) {
    throw new Problem('file-not-plain', `${file} is not a plain file.`, { next: 'Replace the link by the file itself, then try again.' })
  }
  const temporary = join(dirname(file), `.${randomBytes(8).toString('hex')}.tmp`)
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
    await handle.close()
    await rename(temporary, file)
  } catch (error) {
    await handle.close().catch(() => {
      // Closed already; the first error is the one to tell.
    })
    await rm(temporary, { force: true })
    throw error
  }
  const folder = await open(dirname(file), 'r')
  await folder.sync().finally(() => folder.close())
}
