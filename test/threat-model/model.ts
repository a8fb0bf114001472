/** What a model of a system is made of, and how its findings are counted. Knows no particular system. */
import { readCondition, rules, severities } from './rules.ts'
import type { Severity, Target } from './rules.ts'

/** Ordered: what is cleared for one level is cleared for all below it. */
export const clearances = ['unknown', 'public', 'restricted', 'sensitive', 'secret'] as const
export type Clearance = (typeof clearances)[number]

export const controls = [
  'authenticatesDestination', 'authenticatesSource', 'authorizesSource', 'checksDestinationRevocation', 'checksInputBounds', 'credentialsEndByThemselves',
  'definesConnectionTimeout', 'disablesDTD', 'disablesiFrames', 'encodesHeaders', 'encodesOutput', 'encryptsCookies', 'encryptsSessionData', 'encryptsWithAes',
  'handlesResourceConsumption', 'hasAccessControl', 'hasContentFiltering', 'implementsAuthenticationScheme', 'implementsCSRFToken', 'implementsNonce',
  'implementsPOLP', 'implementsServerSideValidation', 'implementsStrictHTTPValidation', 'invokesScriptFilters', 'isEncrypted', 'isHardened', 'isResilient',
  'providesConfidentiality', 'providesIntegrity', 'sanitizesInput', 'usesCodeSigning', 'usesMFA', 'usesParameterizedInput', 'usesSecureFunctions',
  'usesStrongSessionIdentifiers', 'usesVPN', 'usesXMLParser', 'validatesContentType', 'validatesHeaders', 'validatesInput', 'validatesToolLaunchConfig',
  'verifySessionIdentifiers',
] as const
export type Control = (typeof controls)[number]

/** What an element is like. Most of them switch rules on; none is a protection. */
export const properties = [
  'allowsClientSideScripting', 'belowMinimumTls', 'carriesJson', 'carriesXml', 'credentialsAreHardCoded', 'executesCode', 'hasAccessToSensitiveSystems', 'hasAgentCapabilities', 'hasFineTuning', 'hasPhysicalAccess', 'hasRAG',
  'hasSystemPrompt', 'implementsAPI', 'isInProduction', 'isShared', 'isThirdParty', 'overHttp', 'overHttps', 'overMail', 'overSoap', 'processesPersonalData',
  'processesUntrustedInput', 'usesCache', 'usesEnvironmentVariables', 'usesExternalTools', 'usesSessionTokens',
] as const
export type Property = (typeof properties)[number]

/** Worked out from a flow, its ends and what it carries. Every element is in scope: nothing can be put out of it. */
export const derived = [
  'bothEndsProvideIntegrity', 'carriesCredentials', 'carriesCredentialsOrPii', 'dataAboveClearance', 'inputBelowMinimumTls', 'isResponse', 'sinkInScope', 'sourceInScope',
] as const

export type Kind = 'server' | 'process' | 'scheduled' | 'store' | 'outside' | 'person' | 'model' | 'agent'
const targetOf: Readonly<Record<Kind, Target | undefined>> = { server: 'S', process: 'P', scheduled: 'λ', store: 'D', outside: 'X', person: undefined, model: 'L', agent: 'A' }

export interface Datum { what: string; clearance: Clearance; pii?: boolean; credentials?: boolean }

export interface Element {
  /** Stable, short, lower-case: `gateway`. */
  id: string
  name: string
  kind: Kind
  has?: readonly Property[]
  controls?: readonly Control[]
  clearance?: Clearance
}

export interface Flow {
  /** Stable: `cli→gateway`. */
  id: string
  what: string
  from: string
  to: string
  data?: Datum
  /** The id of the flow this one answers. */
  answers?: string
  has?: readonly Property[]
  controls?: readonly Control[]
  clearance?: Clearance
}

export interface Model { elements: readonly Element[]; flows: readonly Flow[] }
export interface Finding { rule: string; severity: Severity; on: string }

/** What a model gets besides what it says of itself: a control of an element or flow is true when either says so. */
export type Grants = (id: string, control: Control) => boolean
/** A clearance that somebody decided on besides the model's own. */
export type Cleared = (id: string) => Clearance | undefined

const conditions = new Map(rules.map((rule) => [rule.id, readCondition(rule.gone)]))

/** Every finding of a model, in the order of its elements and then its flows. */
export function findings(model: Model, granted: Grants = () => false, cleared: Cleared = () => undefined): Finding[] {
  const byId = new Map(model.elements.map((element) => [element.id, element]))
  const end = (id: string): Element => {
    const found = byId.get(id)
    if (found === undefined) throw new Error(`no element is called ${id}`)
    return found
  }
  const rank = (part: Element | Flow): number => clearances.indexOf(cleared(part.id) ?? part.clearance ?? 'unknown')
  const has = (part: Element | Flow, control: Control): boolean => part.controls?.includes(control) === true || granted(part.id, control)
  /** What a request takes over from its ends: encryption from where it goes to, the look at its destination from where it comes from. */
  const flowHas = (flow: Flow, control: Control): boolean => {
    if (has(flow, control)) return true
    if (control === 'isEncrypted') return has(end(flow.answers === undefined ? flow.to : flow.from), control)
    if (flow.answers === undefined && (control === 'authenticatesDestination' || control === 'checksDestinationRevocation')) return has(end(flow.from), control)
    return false
  }
  const found: Finding[] = []
  const judge = (target: Target, id: string, holds: (word: string) => boolean): void => {
    for (const rule of rules) if (rule.on.includes(target) && conditions.get(rule.id)?.holds(holds) !== true) found.push({ rule: rule.id, severity: rule.severity, on: id })
  }
  for (const element of model.elements) {
    const target = targetOf[element.kind]
    if (target === undefined) continue
    judge(target, element.id, (word) => {
      if (word === 'inputBelowMinimumTls') return model.flows.some((flow) => flow.to === element.id && flow.has?.includes('belowMinimumTls') === true)
      return element.has?.includes(word as Property) === true || has(element, word as Control)
    })
  }
  for (const flow of model.flows) {
    const [from, to] = [end(flow.from), end(flow.to)]
    const above = flow.data !== undefined && [from, to, flow].some((part) => clearances.indexOf(flow.data?.clearance ?? 'unknown') > rank(part))
    const worked: Record<(typeof derived)[number], boolean> = {
      bothEndsProvideIntegrity: has(from, 'providesIntegrity') && has(to, 'providesIntegrity'),
      carriesCredentials: flow.data?.credentials === true,
      carriesCredentialsOrPii: flow.data?.credentials === true || flow.data?.pii === true,
      dataAboveClearance: above,
      inputBelowMinimumTls: false,
      isResponse: flow.answers !== undefined,
      sinkInScope: true,
      sourceInScope: true,
    }
    judge('F', flow.id, (word) => (word in worked ? worked[word as keyof typeof worked] : flow.has?.includes(word as Property) === true || flowHas(flow, word as Control)))
  }
  return found
}

export interface Count { total: number; by: Readonly<Record<Severity, number>> }

export function count(found: readonly Finding[]): Count {
  const by = Object.fromEntries(severities.map((severity) => [severity, found.filter((finding) => finding.severity === severity).length])) as Record<Severity, number>
  return { total: found.length, by }
}
