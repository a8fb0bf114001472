import type { Check, Facts, FileFact, FileRole, Finding, Fix, Severity } from '@moltbot/contract'

/** Who may do what, as permission bits. Entering a folder is reading it. */
export const groupWrites = 0o020
export const worldWrites = 0o002
export const othersWrite = 0o022
export const groupReads = 0o050
export const worldReads = 0o005
export const othersRead = 0o055

interface Rule {
  id: string
  severity: Severity
  roles: readonly FileRole[]
  kinds?: readonly FileFact['kind'][]
  /** Any of these bits is a finding. */
  bits: number
  /** What follows from it, one sentence. */
  harm: string
}

/** A check over the modes of some paths: `id`, `severity`, `find` and a fix that leaves the path to its owner alone. */
export function fileModes(rule: Rule): Pick<Check, 'id' | 'severity' | 'find' | 'fix'> {
  const kinds = rule.kinds ?? ['file', 'folder']
  return {
    id: rule.id,
    severity: rule.severity,
    find(facts) {
      // Where access lists rule, the bits say nothing.
      if (facts.platform === 'win32') return []
      return facts.files.filter((file) => rule.roles.includes(file.role) && kinds.includes(file.kind) && (file.mode & rule.bits & meaningful(file)) !== 0).map((file) => ({
        check: rule.id, severity: rule.severity, subject: file.path,
        evidence: `Its mode is ${octal(file.mode)}: ${who(file.mode & rule.bits)} may ${(rule.bits & othersWrite) !== 0 ? 'change' : 'read'} it. ${rule.harm}`,
        remedy: `Run: chmod ${octal(wanted(file))} ${file.path}`,
      }))
    },
    fix: tightened,
  }
}

/** Leaves the finding's path to its owner alone; undefined for paths that are no plain file or folder of the owner. */
function tightened(facts: Facts, finding: Finding): Fix | undefined {
  const file = facts.files.find(({ path }) => path === finding.subject)
  if (file === undefined || (file.kind !== 'file' && file.kind !== 'folder') || (facts.user !== null && facts.user !== 0 && file.owner !== facts.user)) return undefined
  return { kind: 'chmod', path: file.path, mode: wanted(file) }
}

/** For a file, executing is no reading. */
function meaningful(file: FileFact): number {
  return file.kind === 'folder' ? 0o777 : 0o666
}

function wanted(file: FileFact): number {
  return file.kind === 'folder' ? 0o700 : 0o600
}

function who(bits: number): string {
  return (bits & 0o007) !== 0 ? 'every user of this machine' : 'its group'
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, '0')
}
