/**
 * This product as a model: everything the specification has, without its given controls, and what we added. A part that does not
 * exist yet (`notBuilt`) stays, with everything that is raised on it. Controls come from `evidence.ts` and nowhere else.
 */
import type { Element, Flow, Model, Property } from './model.ts'
import { data, specification } from './specification.ts'

/** What our parts are honestly like. These switch rules on that the specification left off; some of them no control can clear. */
const ourProperties: Readonly<Record<string, readonly Property[]>> = {
  'gateway': ['overHttp', 'usesSessionTokens'],
  'plugins': ['implementsAPI', 'isInProduction'],
  'executor': ['usesEnvironmentVariables', 'isInProduction'],
  'agent': ['isInProduction'],
  'approvals': ['isInProduction'],
  'router': ['isInProduction'],
  'media': ['isInProduction'],
  'cron': ['isInProduction'],
  'updates': ['isInProduction'],
  'health': ['isInProduction'],
  'config-store': ['isShared'],
}

/** Of the specification and not in the product: nothing can be proven of these. */
const notBuilt: readonly string[] = [
  'macos', 'mobile', 'plugins', 'updates',
]
/** Whether a part, or a flow one end of which is it, is of what is not built: it is counted once, where it is raised. */
export const isNotBuilt = (id: string): boolean => notBuilt.some((part) => id === part || id.split('→').includes(part))

const added: readonly Element[] = [
  { id: 'page', name: 'The page in a browser', kind: 'process', has: ['allowsClientSideScripting', 'carriesJson', 'isInProduction'] },
  { id: 'guard', name: 'The guard', kind: 'process', has: ['isInProduction'] },
  { id: 'supervisor', name: 'Supervisor of the sandbox', kind: 'process', has: ['usesEnvironmentVariables', 'isInProduction'] },
  { id: 'egress', name: 'Egress proxy', kind: 'process', has: ['isInProduction'] },
  { id: 'broker', name: 'What attaches credentials', kind: 'process', has: ['isInProduction'] },
  { id: 'channel-host', name: 'A channel in a process of its own', kind: 'process', has: ['isInProduction'] },
  { id: 'audit-store', name: 'The record', kind: 'store' },
  { id: 'log-store', name: 'The log', kind: 'store' },
  { id: 'vault-key', name: 'The key of the vault', kind: 'store' },
  { id: 'backup-store', name: 'Backups', kind: 'store' },
  { id: 'workspace', name: 'Workspaces', kind: 'store', has: ['isShared'] },
  { id: 'internet', name: 'Any other host', kind: 'outside' },
  { id: 'programs', name: 'Programs that use /v1', kind: 'outside' },
  {
    id: 'llm', name: 'The language model', kind: 'model',
    has: ['isThirdParty', 'processesPersonalData', 'hasRAG', 'hasAgentCapabilities', 'hasAccessToSensitiveSystems', 'executesCode', 'hasSystemPrompt', 'processesUntrustedInput'],
  },
  { id: 'tools', name: 'The tools', kind: 'agent', has: ['usesExternalTools'] },
]

const flow = (from: string, to: string, what: string, more: Partial<Flow>): Flow => ({ id: `${from}→${to}`, from, to, what, ...more })
const onLoopback: readonly Property[] = ['overHttp', 'usesSessionTokens']

const addedFlows: readonly Flow[] = [
  flow('page', 'gateway', 'what a person does on the page', { data: data.messages, has: onLoopback }),
  flow('gateway', 'page', 'what the page shows', { data: data.answers, has: onLoopback, answers: 'page→gateway' }),
  flow('programs', 'gateway', 'requests of programs', { data: data.messages, has: ['overHttp'] }),
  flow('agent', 'llm', 'a prompt', { data: data.messages }),
  flow('llm', 'agent', 'what the model proposes', { data: data.commands, answers: 'agent→llm' }),
  flow('agent', 'guard', 'an effect to be judged', { data: data.commands }),
  flow('agent', 'broker', 'a call of a provider', { data: data.messages }),
  flow('agent', 'workspace', 'files of a person', { data: data.output }),
  flow('supervisor', 'executor', 'a command in its cage', { data: data.commands }),
  flow('executor', 'egress', 'what a command asks of a host', { data: data.output }),
  flow('egress', 'internet', 'what may leave', { data: data.output, has: ['overHttps'] }),
  flow('gateway', 'channel-host', 'a login, and messages out', { data: data.keys }),
  flow('channel-host', 'gateway', 'messages in', { data: data.messages }),
  flow('gateway', 'audit-store', 'what was judged and done', { data: data.commands }),
  flow('gateway', 'log-store', 'what the gateway did', {}),
  flow('gateway', 'credential-store', 'a secret is sealed', { data: data.keys }),
  flow('vault-key', 'gateway', 'the key is read', { data: data.keys }),
  flow('gateway', 'backup-store', 'a copy of everything', { data: data.messages }),
]

const withOurProperties = (element: Element): Element => {
  const { id, name, kind } = element
  return { id, name, kind, has: ourProperties[id] ?? [] }
}

export const ourSystem: Model = {
  elements: [...specification.elements.map(withOurProperties), ...added],
  flows: [...specification.flows.map(({ controls: _, clearance: __, ...kept }) => kept), ...addedFlows],
}

/** Flows that are a call within one process: no byte of them is ever on a wire. */
export const withinTheProcess: readonly string[] = ['gateway→agent', 'agent→approvals', 'agent→guard', 'agent→broker']

/** The two exclusions: rules that do not fit, by id, with the reason. They are applied to the second number only. */
export const exclusions: Readonly<Record<string, string>> = {
  DE03: 'is raised on every flow that has no VPN of its own, also on calls within one process. Encryption is asked for by DE01, CR08, AC05 and DR01, which stay.',
  INP19: 'is raised where a server has no XML parser at all. There is none in this product.',
  INP21: 'as INP19.',
  INP22: 'as INP19.',
}

/** Rules no control can clear, with what raises them here. They stay in both numbers. */
export const cannotBeCleared: Readonly<Record<string, string>> = {
  AC02: 'a store that several parts write is shared',
  API01: 'an interface for plugins is one',
  CR01: 'session tokens over loopback HTTP are not in a VPN',
  DS02: 'what runs in production has the property of running in production',
}
