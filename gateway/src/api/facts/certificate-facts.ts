import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import type { Facts } from '@moltbot/contract'

type CertificateFact = NonNullable<Facts['certificates']>[number]

/** When the certificates end that the gateway shows, as they lie on disk. What cannot be read is left out: the door says so at its start. */
export async function certificateFacts({ stateDir, effective, home }: { stateDir: string; effective: Readonly<Record<string, unknown>>; home: string }): Promise<CertificateFact[]> {
  const tls = (effective['gateway'] as { tls?: { enabled?: unknown; certPath?: unknown } } | undefined)?.tls
  if (tls?.enabled !== true) return []
  const own = typeof tls.certPath === 'string' && tls.certPath !== '' ? tls.certPath : undefined
  const expand = (path: string): string => (path.startsWith('~/') ? join(home, path.slice(1)) : isAbsolute(path) ? path : resolve(stateDir, path))
  const found = own === undefined
    ? [await factOf('server', join(stateDir, 'tls', 'server.pem')), await factOf('authority', join(stateDir, 'tls', 'authority.pem'))]
    : [await factOf('own', expand(own))]
  return found.filter((fact) => fact !== undefined)
}

async function factOf(role: CertificateFact['role'], path: string): Promise<CertificateFact | undefined> {
  try {
    return { role, path, endsAt: Date.parse(new X509Certificate(await readFile(path)).validTo), renews: role !== 'own' }
  } catch {
    // Not made yet, not ours to read, or no certificate.
    return undefined
  }
}
