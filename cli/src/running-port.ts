import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the gateway of a state directory listens, as it wrote it down itself (`running.json`). Undefined: none runs, or a dead one left the file. */
export async function findRunningPort(stateDir: string): Promise<number | undefined> {
  try {
    const { port, pid } = JSON.parse(await readFile(join(stateDir, 'running.json'), 'utf8')) as { port?: unknown; pid?: unknown }
    if (typeof port !== 'number' || typeof pid !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535 || pid < 1) return undefined
    process.kill(pid, 0)
    return port
  } catch {
    // No file, a broken one, or no such process of ours: then the configuration says where to look.
    return undefined
  }
}
