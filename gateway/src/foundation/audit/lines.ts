import type { AuditLine, AuditOutcome } from '@moltbot/contract'
import { classOf, ocsfClasses, type AuditClass } from './acts.ts'
import type { ChainRow } from './chain.ts'
import { shown, shownFacts } from './shown.ts'

/** A row as it may be shown anywhere. */
export function lineOf(row: ChainRow): AuditLine {
  return {
    seq: row.seq, id: shown(row.id), at: row.at, act: shown(row.act), class: classOf(row.act), principal: row.principal === null ? null : shown(row.principal),
    subject: shown(row.subject), outcome: row.outcome as AuditOutcome, reason: shown(row.reason),
    place: row.place === null ? null : shown(row.place), correlation: row.correlation === null ? null : shown(row.correlation),
    ...(row.facts === null ? {} : { facts: factsOf(row.facts) }),
  }
}

/** A row that somebody changed by hand may hold anything: that must not stop the others from being shown. */
function factsOf(text: string): Record<string, unknown> {
  try {
    return shownFacts(JSON.parse(text)) as Record<string, unknown>
  } catch {
    return { unreadable: shown(text) }
  }
}

/** OCSF activity ids of the words our verbs begin with, by the class; what is not here is 99, "Other", with our own word as its name. */
const activities: Partial<Record<AuditClass, Record<string, number>>> = {
  authentication: { signed: 1, opened: 1, created: 1, closed: 2, ended: 2, revoked: 2 },
  people: { approved: 1, granted: 1, paired: 1, assigned: 1, revoked: 2, rejected: 2, removed: 2 },
  tool: { started: 1, judged: 1, ended: 2, killed: 2, stopped: 2 },
  channel: { opened: 1, closed: 2, refused: 5 },
  secret: { set: 1, created: 1, read: 2, opened: 2, changed: 3, rotated: 3, removed: 4, deleted: 4 },
  configuration: { created: 1, read: 2, changed: 3, set: 3, fixed: 3, removed: 4, unset: 4 },
  lifecycle: { installed: 1, removed: 2, started: 3, resumed: 3, stopped: 4, panicked: 4 },
  extension: { installed: 1, removed: 2, started: 3, enabled: 3, stopped: 4, disabled: 4 },
}

/** OCSF severities: 1 informational, 2 low, 3 medium, 4 high. */
const severities: Readonly<Record<AuditOutcome, number>> = { allow: 1, done: 1, ask: 2, deny: 3, failed: 3 }
const severityNames = ['Unknown', 'Informational', 'Low', 'Medium', 'High']
const statuses: Readonly<Record<AuditOutcome, { id: number; name: string }>> = {
  allow: { id: 1, name: 'Success' }, done: { id: 1, name: 'Success' }, deny: { id: 2, name: 'Failure' }, failed: { id: 2, name: 'Failure' }, ask: { id: 99, name: 'Asked' },
}

/** What the record is written by, for receivers that hear many. */
export interface LineSource { version: string; host: string }

/** A line in the field names of OCSF 1.3. What has no field of its own stands under `unmapped`. */
export function ocsfOf(line: AuditLine, source: LineSource): Record<string, unknown> {
  const kind = line.class as AuditClass
  const { uid, name, category, categoryName } = ocsfClasses[kind]
  const verb = line.act.slice(line.act.indexOf('.') + 1)
  const activity = activities[kind]?.[verb] ?? 99
  const broken = kind === 'record' && line.outcome === 'failed'
  const severity = broken ? 4 : severities[line.outcome]
  const status = statuses[line.outcome]
  return {
    class_uid: uid, class_name: name, category_uid: category, category_name: categoryName,
    activity_id: activity, activity_name: verb, type_uid: uid * 100 + activity, type_name: `${name}: ${verb}`,
    time: line.at, severity_id: severity, severity: severityNames[severity], status_id: status.id, status: status.name, status_detail: line.reason,
    message: `${line.act} ${line.outcome}: ${line.reason}`,
    ...(line.outcome === 'allow' || line.outcome === 'deny' ? { action_id: line.outcome === 'allow' ? 1 : 2, action: line.outcome === 'allow' ? 'Allowed' : 'Denied' } : {}),
    actor: line.principal === null ? { app_name: 'moltbot' } : { app_name: 'moltbot', user: { uid: line.principal } },
    device: { hostname: source.host, type_id: 0 },
    ...(line.place === null ? {} : { src_endpoint: { name: line.place } }),
    resources: [{ uid: line.subject }],
    metadata: {
      version: '1.3.0', uid: line.id, sequence: line.seq, event_code: line.act, correlation_uid: line.correlation ?? line.subject, log_name: 'moltbot audit',
      product: { name: 'Moltbot', vendor_name: 'Moltbot', version: source.version },
    },
    ...(line.facts === undefined ? {} : { unmapped: line.facts }),
  }
}
