import { spawn } from 'node:child_process'
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Adds one line to the anchor file, durable when it resolves. Makes file (600) and folder (700) where they are not. */
export async function appendAnchor(file: string, line: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const handle = await open(file, 'a', 0o600)
  try {
    await chmod(file, 0o600)
    await handle.appendFile(`${line}\n`)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** The text of an anchor file, or its last `tailBytes`. Undefined: there is none. Rejects when it cannot be read. */
export async function readAnchors(file: string, tailBytes?: number): Promise<string | undefined> {
  try {
    if (tailBytes === undefined) return await readFile(file, 'utf8')
    const { size } = await stat(file)
    const handle = await open(file, 'r')
    try {
      const buffer = Buffer.alloc(Math.min(size, tailBytes))
      await handle.read(buffer, 0, buffer.length, Math.max(0, size - buffer.length))
      return buffer.toString('utf8')
    } finally {
      await handle.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes one line into the system journal. Rejects where there is none. */
export function writeJournal(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('systemd-cat', ['-t', 'moltbot-audit', '-p', 'notice'], { stdio: ['pipe', 'ignore', 'ignore'] })
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`systemd-cat ended with ${code}`))))
    child.stdin.on('error', reject)
    child.stdin.end(`${line}\n`)
  })
}
