import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asFields, asNumber, asText } from './wire-fields.ts'

/** A gateway that lives, as it wrote itself down. */
export interface RunningGateway {
  port: number
  /** Its Unix socket, where it has one. */
  socketPath?: string
  /** Where the port is encrypted: what to pin, the file of the authority where the certificate was generated, and the authority that takes over at `from` (epoch ms). */
  tls?: { fingerprint: string; authorityFile?: string; next?: { fingerprint: string; from: number } }
}

/** Where the gateway of a state directory listens (`running.json`). Undefined: none runs, or a dead one left the file. */
export async function findRunningGateway(stateDir: string): Promise<RunningGateway | undefined> {
  try {
    const { port, pid, socketPath, tls } = JSON.parse(await readFile(join(stateDir, 'running.json'), 'utf8')) as Record<string, unknown>
    if (typeof port !== 'number' || typeof pid !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535 || pid < 1) return undefined
    process.kill(pid, 0)
    const fingerprint = asText(asFields(tls)['fingerprint'])
    const authorityFile = asText(asFields(tls)['authorityFile'])
    const next = asFields(asFields(tls)['next'])
    const nextFingerprint = asText(next['fingerprint'])
    const from = asNumber(next['from'])
    return {
      port,
      ...(typeof socketPath === 'string' ? { socketPath } : {}),
      ...(fingerprint === undefined ? {} : { tls: { fingerprint, ...(authorityFile === undefined ? {} : { authorityFile }), ...(nextFingerprint === undefined || from === undefined ? {} : { next: { fingerprint: nextFingerprint, from } }) } }),
    }
  } catch {
    // No file, a broken one, or no such process of ours: then the configuration says where to look.
    return undefined
  }
}
