import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate { key: string; cert: string }
export interface Authority {
  /** The authority's own certificate, for whoever shall trust it. */
  ca: string
  /** A server certificate for these names; `days` below zero: it has expired. */
  issue(names: readonly string[], days?: number): Certificate
  remove(): void
}

/** A certificate authority that lives as long as the test. */
export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'moltbot-ca-'))
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' })
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', '/CN=Test authority', '-keyout', at('ca.key'), '-out', at('ca.pem'))
  let last = 0
  return {
    ca: readFileSync(at('ca.pem'), 'utf8'),
    issue(names, days = 10) {
      last += 1
      const base = at(String(last))
      openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${names[0]}`, '-keyout', `${base}.key`, '-out', `${base}.csr`)
      writeFileSync(`${base}.ext`, `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\n`)
      openssl('x509', '-req', '-in', `${base}.csr`, '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-set_serial', String(1_000 + last), '-days', String(days), '-extfile', `${base}.ext`, '-out', `${base}.pem`)
      return { key: readFileSync(`${base}.key`, 'utf8'), cert: readFileSync(`${base}.pem`, 'utf8') }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
