/** A backup made beside the gateway: the copy of a large database would keep everybody waiting in this process. */
import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { environmentOfBackups, type Environment } from './environment.ts'

const longestMs = 3_600_000

/** Runs the command line's own `backup create` for age recipients. Rejects with its words; resolves with the size of the file. */
export function backupBeside(root: string, environment: Environment): (file: string, recipients: readonly string[]) => Promise<{ bytes: number }> {
  return async (file, recipients) => {
    await new Promise<void>((resolve, reject) => {
      execFile(process.execPath, [join(root, 'bin', 'moltbot'), 'backup', 'create', '--recipient', recipients.join(','), '--output', file], { env: environmentOfBackups(environment), timeout: longestMs, maxBuffer: 1_048_576 }, (error, _out, said) => {
        if (error === null) resolve()
        else reject(new Error(said.trim() === '' ? error.message : said.trim().slice(-1_000)))
      })
    })
    return { bytes: (await stat(file)).size }
  }
}
