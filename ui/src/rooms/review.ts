import { fields, list, words } from '../wire.ts'

export interface Finding {
  check: string
  severity: 'critical' | 'warn' | 'info'
  subject: string
  evidence: string
  remedy: string
  /** A change of the configuration that the page can make: where, and to what (undefined: taken out). */
  setting?: { path: string; value: unknown }
  /** What a person types on the machine itself. */
  command?: string
}

export interface Review {
  findings: Finding[]
  checks: { id: string; title: string; outcome: 'clean' | 'found' | 'not-looked-at' }[]
}

/** Only plain dotted keys can be written back without touching what stands beside them. */
const plainPath = /^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$/

function readFix(value: unknown): Pick<Finding, 'setting' | 'command'> {
  const fix = fields(value)
  const path = words(fix['path'])
  if (path === undefined) return {}
  if (fix['kind'] === 'config') return plainPath.test(path) ? { setting: { path, value: fix['value'] } } : {}
  if (fix['kind'] === 'chmod' && typeof fix['mode'] === 'number') return { command: 'moltbot security audit --fix' }
  return {}
}

export function readReview(payload: unknown): Review {
  const raw = fields(payload)
  return {
    findings: list(raw['findings']).flatMap((value) => {
      const finding = fields(value)
      const check = words(finding['check'])
      if (check === undefined) return []
      const severity = finding['severity'] === 'critical' || finding['severity'] === 'info' ? finding['severity'] : 'warn'
      return [{ check, severity, subject: words(finding['subject']) ?? '', evidence: words(finding['evidence']) ?? check, remedy: words(finding['remedy']) ?? '', ...readFix(finding['fix']) }]
    }),
    checks: list(raw['checks']).flatMap((value) => {
      const check = fields(value)
      const id = words(check['id'])
      if (id === undefined) return []
      const outcome = check['outcome'] === 'clean' || check['outcome'] === 'found' ? check['outcome'] : 'not-looked-at'
      return [{ id, title: words(check['title']) ?? id, outcome }]
    }),
  }
}
