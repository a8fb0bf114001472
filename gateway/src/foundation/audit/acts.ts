/**
 * Every kind of event there is, by the noun its act begins with. Closed: an act with another noun does not compile, and its
 * class says which event class of OCSF it is told as.
 */
export const auditNouns = {
  message: 'access', speak: 'access', command: 'access', door: 'access', csrf: 'access', host: 'access', origin: 'access',
  login: 'authentication', session: 'authentication', browser: 'authentication', token: 'authentication', auth: 'authentication', password: 'authentication',
  pairing: 'people', device: 'people', principal: 'people', identity: 'people', role: 'people', person: 'people', member: 'people', profile: 'people',
  'use-tool': 'tool', tool: 'tool', sandbox: 'tool', grant: 'tool', approval: 'tool', egress: 'tool', process: 'tool', node: 'tool',
  'call-method': 'method', method: 'method', rpc: 'method',
  'connect-channel': 'channel', channel: 'channel', delivery: 'channel',
  vault: 'secret', secret: 'secret', credential: 'secret', key: 'secret',
  config: 'configuration', check: 'configuration', doctor: 'configuration', tls: 'configuration',
  gateway: 'lifecycle', panic: 'lifecycle', update: 'lifecycle', incident: 'lifecycle',
  budget: 'money', model: 'money',
  backup: 'data', memory: 'data', file: 'data', export: 'data', job: 'data',
  plugin: 'extension', skill: 'extension', mcp: 'extension', hook: 'extension',
  record: 'record',
} as const

export type AuditNoun = keyof typeof auditNouns
export type AuditClass = (typeof auditNouns)[AuditNoun]
/** `noun.verb`. */
export type AuditAct = `${AuditNoun}.${string}`

/** What an event class is called in OCSF 1.3. Sources: schema.ocsf.io, class and category identifiers. */
export const ocsfClasses: Readonly<Record<AuditClass, { uid: number; name: string; category: number; categoryName: string }>> = {
  access: { uid: 6004, name: 'Web Resource Access Activity', category: 6, categoryName: 'Application Activity' },
  authentication: { uid: 3002, name: 'Authentication', category: 3, categoryName: 'Identity & Access Management' },
  people: { uid: 3005, name: 'User Access Management', category: 3, categoryName: 'Identity & Access Management' },
  tool: { uid: 1007, name: 'Process Activity', category: 1, categoryName: 'System Activity' },
  method: { uid: 6003, name: 'API Activity', category: 6, categoryName: 'Application Activity' },
  channel: { uid: 4001, name: 'Network Activity', category: 4, categoryName: 'Network Activity' },
  secret: { uid: 3004, name: 'Entity Management', category: 3, categoryName: 'Identity & Access Management' },
  configuration: { uid: 3004, name: 'Entity Management', category: 3, categoryName: 'Identity & Access Management' },
  lifecycle: { uid: 6002, name: 'Application Lifecycle', category: 6, categoryName: 'Application Activity' },
  money: { uid: 6003, name: 'API Activity', category: 6, categoryName: 'Application Activity' },
  data: { uid: 6005, name: 'Datastore Activity', category: 6, categoryName: 'Application Activity' },
  extension: { uid: 6002, name: 'Application Lifecycle', category: 6, categoryName: 'Application Activity' },
  record: { uid: 2004, name: 'Detection Finding', category: 2, categoryName: 'Findings' },
}

/** The class of an act. Rows of other versions may hold nouns this one does not know: those count as `record`, so that nobody overlooks them. */
export function classOf(act: string): AuditClass {
  const noun = act.slice(0, Math.max(0, act.indexOf('.')))
  return Object.hasOwn(auditNouns, noun) ? auditNouns[noun as AuditNoun] : 'record'
}

/** The nouns of a class. */
export function nounsOf(name: string): AuditNoun[] {
  return (Object.keys(auditNouns) as AuditNoun[]).filter((noun) => auditNouns[noun] === name)
}
