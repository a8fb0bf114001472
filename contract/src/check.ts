/**
 * The review of an installation's security posture: facts are taken once, checks look at the facts, and what they propose is data
 * that somebody else applies after a person agreed.
 */
export type Severity = 'critical' | 'warn' | 'info'
export const severities: readonly Severity[] = ['critical', 'warn', 'info']

/** What a looked-at path is to the gateway. `state`: anything else in the state directory. */
export type FileRole =
  | 'state-dir' | 'config' | 'config-include' | 'config-copy' | 'credentials' | 'identity' | 'sessions' | 'log' | 'secrets-env' | 'workspace' | 'backup' | 'state'
  | 'vault-key' | 'tls-key' | 'token-file' | 'log-link'

/** One path as it stands, never followed. What is absent has no entry. */
export interface FileFact {
  role: FileRole
  path: string
  kind: 'file' | 'folder' | 'link' | 'other'
  /** The nine permission bits and above (0o1777), as `chmod` takes them. Of no meaning for links. */
  mode: number
  owner: number
  /** Where a link leads, resolved; null: nowhere. Absent for what is no link. */
  target?: string | null
  modifiedAt: number
}

/** What is known of a secret without the secret. Nothing here is enough to guess it. */
export interface CredentialFact {
  /** The configuration's path it belongs to (`gateway.auth.token`). */
  path: string
  /** `plain`: written in the file; `reference`: the file names where it is; `elsewhere`: the environment or secrets.env. */
  from: 'plain' | 'reference' | 'elsewhere'
  length: number
  /** A lower bound for what a guesser faces, in bits, from its length and variety. */
  bits: number
  /** It is a word from an example (`changeme`, `<your-token-here>`). */
  placeholder: boolean
  /** Other paths that hold the same value. */
  sameAs: readonly string[]
  /** The oldest kept copy of the configuration that already has this value; null: unknown. Epoch ms. */
  knownSince: number | null
}

/** What only a running gateway can tell. Times are epoch ms. */
export interface LiveFacts {
  startedAt: number
  devices: readonly { id: string; name: string; roles: readonly string[]; scopes: readonly string[]; approvedAt: number; approvedVia: 'silent' | 'person'; lastUsedAt: number | null; /** When the token it was given last was made; of several roles the oldest. Null: it has none. Absent: unknown. */ tokenAt?: number | null }[]
  devicesPending: number
  pairingPending: number
  paired: readonly { channel: string; account: string; sender: string; role: string; since: number }[]
  /** Signed-in browsers that still count. */
  browsers: { count: number; oldestAt: number | null }
  messages: { open: number; stuck: number }
  deliveries: { waiting: number; ambiguous: number; failed: number }
  accounts: readonly { channel: string; account: string; enabled: boolean; configured: boolean; state: string; reason: string | null }[]
  /** `provider/model` that answers now. */
  model: string
  /** Keys and sign-ins with providers of models, without their values. Absent: nobody can tell. */
  credentials?: readonly { profile: string; state: 'ready' | 'needs-you' | 'left-out'; reason: string | null; next: string | null }[]
  /** Whether commands can be isolated; absent: this gateway runs none. */
  sandbox?: { available: boolean; reason: string | null; remedy: string | null }
  /** Whether agents can have a browser; absent: nobody can tell. */
  browser?: { available: boolean; reason: string | null; remedy: string | null }
}

/** What a look from outside found (`--deep`). Absent members were not looked at. */
export interface DeepFacts {
  /** The gateway's own port answered. False with a reason. */
  reached: boolean
  reason: string | null
  /** Requests nobody should be served, and what came back: an HTTP status, null for a refused connection. */
  refusals: readonly { what: string; status: number | null }[]
}

/** A snapshot of one installation. Plain data without any secret; the same facts give the same findings. */
export interface Facts {
  /** Epoch ms. */
  takenAt: number
  version: string
  /** `20.19.0`. */
  node: string
  platform: string
  /** The numeric user the gateway runs as (offline: who asks); null where the system has none. */
  user: number | null
  home: string
  stateDir: string
  configFile: string
  files: readonly FileFact[]
  /** Not every file of a very large state directory was looked at. */
  filesLeftOut: boolean
  config: {
    exists: boolean
    /** In effect, with defaults; secrets replaced by a mark. */
    effective: Readonly<Record<string, unknown>>
    /** As written in the file, secrets replaced by a mark, references as they stand. */
    written: Readonly<Record<string, unknown>>
    issues: readonly { path: string; line: number; message: string; severity: 'error' | 'warning'; unknownKey: boolean }[]
    /** Paths whose secret is written in the file itself. */
    plainSecrets: readonly string[]
  }
  credentials: readonly CredentialFact[]
  /** Why `secrets.env` cannot be used; null: it can, or there is none. */
  secretsFault: string | null
  /**
   * Certificates the gateway shows or signs with, where `gateway.tls` is on: the `own` one, or the generated `server` one and its `authority`. Times are epoch
   * ms; `renews`: the gateway replaces it in time by itself. Absent: not looked at.
   */
  certificates?: readonly { role: 'own' | 'server' | 'authority'; path: string; endsAt: number; renews: boolean }[]
  /** The sealed secrets: none yet, readable, shut until a person gives the key, why they cannot be read, or left alone because looking would have changed their folder. */
  vault: { state: 'none' } | { state: 'unopened' } | { state: 'ok'; secrets: number } | { state: 'locked'; reason: string } | { state: 'unusable'; reason: string }
  /** The channels there are. `platform`: other people can write on them. */
  channels: readonly { id: string; label: string; senders: 'platform' | 'authenticated' }[]
  /** Addresses on which somebody listens at the gateway's port now; null: could not be seen. Empty: nobody. */
  listening: { port: number; addresses: readonly string[] } | null
  /** Free space where the state directory is; null: could not be seen. */
  disk: { freeBytes: number; totalBytes: number } | null
  /** Null: no running gateway was asked. */
  live: LiveFacts | null
  /** Null: nobody asked for a deep look. */
  deep: DeepFacts | null
}

export interface Finding {
  /** The check's id. */
  check: string
  severity: Severity
  /** What it is about: a path, a configuration key, a channel account. */
  subject: string
  /** What was seen, one sentence. Never a secret. */
  evidence: string
  /** What to do about it, one sentence. */
  remedy: string
}

/** A change as data. Each is reversible: whoever applies it keeps what was there. */
export type Fix =
  /** Set a file's or folder's mode. Never applied through a link. */
  | { kind: 'chmod'; path: string; mode: number }
  /** Set one dotted path of the configuration. */
  | { kind: 'config'; path: string; value: unknown }

/** One question about the posture: pure, looks at facts only, changes nothing. */
export interface Check {
  /** Stable, dotted (`fs.state_dir.symlink`); the file is named after it with dashes. */
  id: string
  /** The worst a finding of it can be. */
  severity: Severity
  /** What is true when nothing is found, as a statement without a full stop (`Ports are bound to localhost`). */
  title: string
  /** Part of the quick audit: cheap and essential. */
  quick?: true
  /** It looks at these facts; where they are null it can say nothing and is reported as not looked at. */
  needs?: 'live' | 'deep' | 'listening'
  find(facts: Facts): Finding[]
  /** What would mend one of its findings. Absent, or undefined for one: only a person can decide. */
  fix?(facts: Facts, finding: Finding): Fix | undefined
}

/** A check, verified by the compiler and returned as it is. */
export function defineCheck(check: Check): Check {
  return check
}

/** The answer of one review. */
export interface Review {
  takenAt: number
  stateDir: string
  /** The running gateway was asked. */
  live: boolean
  deep: boolean
  /** Worst first, then by check and subject. */
  findings: (Finding & { fix?: Fix })[]
  /** Every check that was made, in the shelf's order. */
  checks: { id: string; title: string; severity: Severity; outcome: 'clean' | 'found' | 'not-looked-at' }[]
}

/** Looks at the facts with every check. A check that throws is itself a critical finding: nothing is passed over in silence. */
export function reviewFacts(checks: readonly Check[], facts: Facts): Review {
  const findings: Review['findings'] = []
  const made: Review['checks'] = []
  for (const check of checks) {
    const { id, title, severity } = check
    if (check.needs !== undefined && facts[check.needs] === null) {
      made.push({ id, title, severity, outcome: 'not-looked-at' })
      continue
    }
    const found = look(check, facts)
    findings.push(...found)
    made.push({ id, title, severity, outcome: found.length === 0 ? 'clean' : 'found' })
  }
  const rank = (finding: Finding): number => severities.indexOf(finding.severity)
  findings.sort((a, b) => rank(a) - rank(b) || compare(a.check, b.check) || compare(a.subject, b.subject))
  return { takenAt: facts.takenAt, stateDir: facts.stateDir, live: facts.live !== null, deep: facts.deep !== null, findings, checks: made }
}

function look(check: Check, facts: Facts): Review['findings'] {
  try {
    return check.find(facts).map((finding) => {
      const fix = check.fix?.(facts, finding)
      return fix === undefined ? finding : { ...finding, fix }
    })
  } catch (error) {
    return [{
      check: check.id, severity: 'critical', subject: check.id, evidence: `The check itself failed: ${error instanceof Error ? error.message : String(error)}.`,
      remedy: 'Report this; until then look at it by hand.',
    }]
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
