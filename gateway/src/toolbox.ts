/** Which tools an agent has, and which of them a person's turns are offered; the layers come from the configuration. */
import { Problem, type AgentId, type Channel, type ChatRef, type ConfigView, type Logger, type Principal, type Tool } from '@moltbot/contract'
import type { Rooms } from './api/index.ts'
import { agentsSection, ruleOnTools, toolGroups, toolProfiles, toolsSection, unknownToolNames, type Agents, type ToolPolicy, type ToolProfile } from './foundation/agents/index.ts'
import { accountConfigOf } from './foundation/connections/index.ts'
import type { Config } from './foundation/config/index.ts'
import { toolListsAt, type GuardRoom } from './journey/guard/index.ts'
import { isSubAgent, sandboxSection, withOwn, type SandboxConfig } from './journey/sandbox/index.ts'
import type { Turn } from './journey/sessions/index.ts'

/** Where a turn takes place, as far as it decides about tools. */
export interface Where {
  /** Its conversation: a sub-agent has fewer. */
  session?: string | undefined
  /** A group may have its own lists. */
  chat?: Pick<ChatRef, 'channel' | 'account' | 'chat' | 'thread' | 'kind'> | undefined
  /** Whose words it works on, by the channel's ids; what is not given to one of them is not there. */
  senders?: readonly string[] | undefined
}

/** Where a turn takes place. */
export function whereOf({ key, chat, batch }: Pick<Turn, 'key' | 'chat' | 'batch'>): Where {
  return { session: key, chat, senders: batch.map(({ message }) => message.sender.id) }
}

/** How an agent's commands are isolated, by any configuration. One that does not exist has no settings of its own. */
export function sandboxFor(config: Pick<ConfigView, 'get'>, agents: Pick<Agents, 'has' | 'get'>, agent: AgentId | undefined): SandboxConfig {
  return withOwn(config.get(sandboxSection), agent === undefined || !agents.has(agent) ? {} : agents.get(agent).sandbox)
}

export interface Toolbox {
  /** What an agent has there. */
  toolsOf(agent: AgentId, where?: Where): Tool[]
  /** What a person's turns are told of: what the agent has there, less what their profile keeps from them. */
  offeredTo(agent: AgentId, principal: Principal, where?: Where): Promise<Tool[]>
  /** Whether a turn with these tools can write down what should last: in a workspace that stays and may be written. A sub-agent's work is its parent's to remember. */
  keepsNotes(agent: AgentId, turn: Pick<Turn, 'key' | 'principal'>, tools: readonly { name: string }[]): boolean
  /** Every tool with what removes it for a role or a person. Rejects with `person-unknown`. */
  list: NonNullable<Rooms['tools']>['list']
  /** The shelf in its groups, with the profiles that have each tool. */
  catalog: NonNullable<Rooms['tools']>['catalog']
}

/** The layers that decide which tools an agent has in a place, by any configuration. Throws `Problem('agent-unknown')`. */
export function toolPolicyOf(config: Pick<ConfigView, 'get'>, agents: Pick<Agents, 'get'>, channels: readonly Channel[], agent: AgentId, { session, chat, senders = [] }: Where = {}): ToolPolicy {
  const all = config.get(toolsSection)
  const { profile, allow, ...own } = agents.get(agent).tools
  const channel = chat === undefined || chat.kind === 'direct' ? undefined : channels.find(({ id }) => id === chat.channel)
  const here = chat === undefined || channel === undefined ? [] : toolListsAt(accountConfigOf(config, channel, chat.account), chat, senders)
  return {
    profile: profile ?? all.profile, profileOf: profile === undefined ? 'the profile' : `the profile of ${agent},`,
    layers: [
      { name: 'tools', lists: all }, { name: `agents.list.${agent}.tools`, lists: { ...own, ...(allow === undefined ? {} : { allow }) } },
      ...here.map(({ name, lists }) => ({ name: `channels.${chat?.channel ?? ''}.${name}`, lists })),
    ],
    ...(session !== undefined && isSubAgent(session) ? { except: { name: 'a sub-agent', deny: ['group:sessions', 'group:messaging', 'group:nodes', 'group:automation'] } } : {}),
  }
}

/** Of which it is remembered what they leave. */
const policiesMax = 200

export function createToolbox({ shelf, config, agents, channels, guard, log, missing }: {
  shelf: readonly Tool[]; config: Config; agents: Agents; channels: readonly Channel[]; guard: Pick<GuardRoom, 'toolsLeft' | 'people'>; log: Pick<Logger, 'warn'>
  /** Why a tool cannot be had on this machine at all; undefined: it can. */
  missing(tool: string): string | undefined
}): Toolbox {
  const policyOf = (agent: AgentId, where?: Where): ToolPolicy => toolPolicyOf(config, agents, channels, agent, where)
  /** What a policy leaves of the shelf, by the policy's own words: a turn asks three times, and policies are few. */
  const namesLeft = new Map<string, ReadonlySet<string>>()
  const leftBy = (policy: ToolPolicy): ReadonlySet<string> => {
    const words = JSON.stringify(policy)
    const known = namesLeft.get(words)
    if (known !== undefined) return known
    const names = new Set(ruleOnTools(shelf, policy).flatMap(({ name, removedBy }) => (removedBy === null ? [name] : [])))
    if (namesLeft.size >= policiesMax) namesLeft.clear()
    namesLeft.set(words, names)
    return names
  }
  const toolsOf = (agent: AgentId, where?: Where): Tool[] => {
    const there = leftBy(policyOf(agent, where))
    return shelf.filter(({ name }) => there.has(name) && missing(name) === undefined)
  }
  const nameUnknownTools = (): void => {
    const unknown = agents.ids().flatMap((agent) => unknownToolNames(shelf, policyOf(agent)))
    if (unknown.length > 0) log.warn('A list of tools names some that do not exist.', { names: [...new Set(unknown.map(({ list, name }) => `${list}: ${name}`))] })
  }
  nameUnknownTools()
  config.onChange(toolsSection, nameUnknownTools)
  config.onChange(agentsSection, nameUnknownTools)
  const offeredTo = async (agent: AgentId, { id }: Principal, where?: Where): Promise<Tool[]> => {
    const had = toolsOf(agent, where)
    const left = new Set(await guard.toolsLeft(id, had.map(({ name }) => name)))
    return had.filter(({ name }) => left.has(name))
  }
  return {
    toolsOf, offeredTo,
    keepsNotes: (agent, { key, principal }, tools) =>
      principal.role !== 'guest' && !isSubAgent(key) && sandboxFor(config, agents, agent).workspaceAccess === 'rw' && tools.some(({ name }) => name === 'memory' || name === 'write'),
    catalog(agent) {
      const { id } = agents.get(agent ?? agents.defaultId())
      const inProfile = (profile: ToolProfile, name: string): boolean => ruleOnTools(shelf, { profile, profileOf: '', layers: [] }).some((ruling) => ruling.name === name && ruling.removedBy === null)
      const groups = Object.entries(toolGroups).map(([group, names]) => ({ id: group, tools: shelf.filter(({ name }) => names.includes(name)) }))
      const rest = shelf.filter(({ name }) => groups.every(({ tools }) => tools.every((tool) => tool.name !== name)))
      return {
        agentId: id, profile: policyOf(id).profile, profiles: [...toolProfiles],
        groups: [...groups, { id: 'group:other', tools: rest }].filter(({ tools }) => tools.length > 0)
          .map((group) => ({ id: group.id, tools: group.tools.map(({ name, description }) => ({ name, description, profiles: toolProfiles.filter((profile) => inProfile(profile, name)) })) })),
      }
    },
    async list({ agent = agents.defaultId(), as, where }) {
      const { id } = agents.get(agent)
      const role = (['owner', 'admin', 'member', 'guest'] as const).find((each) => each === as)
      const person = (await guard.people()).find((each) => each.id === as)
      if (role === undefined && person === undefined) throw new Problem('person-unknown', `Nobody here is "${as.slice(0, 100)}".`, { next: 'Use an id of `moltbot people list`, or owner, admin, member or guest.' })
      const policy = policyOf(id, where)
      const rulings = new Map(ruleOnTools(shelf, policy).map((ruling) => [ruling.name, ruling.removedBy]))
      const left = person === undefined ? undefined : new Set(await guard.toolsLeft(person.id, shelf.map(({ name }) => name)))
      const removedBy = (name: string): string | null => {
        if ((person?.role ?? role) === 'guest') return 'being a guest'
        const lacking = missing(name)
        return rulings.get(name) ?? (lacking === undefined ? undefined : `this machine: ${lacking} See: moltbot sandbox explain`) ?? (left !== undefined && !left.has(name) ? `the person's profile ${person?.profile ?? ''}` : null)
      }
      return { agentId: id, as, tools: shelf.map(({ name, description }) => ({ name, description, removedBy: removedBy(name) })), unknown: unknownToolNames(shelf, policy) }
    },
  }
}
