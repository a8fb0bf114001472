/** For the command line, which must find a gateway started on another port than the configured one, and know its certificate. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CertificateFacts } from './api/index.ts'

export interface RunningFile {
  /** Says where it listens, and by which certificate; again whenever that is another. */
  write(where: { port: number; socketPath?: string }, certificate: CertificateFacts | undefined): void
  /** Nothing listens any more. */
  remove(): void
}

export function runningFile(stateDir: string, pid: number): RunningFile {
  const file = join(stateDir, 'running.json')
  return {
    write({ port, socketPath }, certificate) {
      const tls = certificate === undefined ? {} : { tls: { fingerprint: certificate.fingerprint, authorityFile: certificate.authorityFile, next: certificate.next } }
      writeFileSync(file, JSON.stringify({ port, pid, ...(socketPath === undefined ? {} : { socketPath }), ...tls }), { mode: 0o600 })
    },
    remove: () => rmSync(file, { force: true }),
  }
}
