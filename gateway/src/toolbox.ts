/** Which tools an agent has, and which of them a person's turns are offered; the layers come from the configuration. */
import { Problem, type AgentId, type Logger, type Principal, type Tool } from '@moltbot/contract'
import type { Rooms } from './api/index.ts'
import { agentsSection, ruleOnTools, toolsSection, unknownToolNames, type Agents, type ToolPolicy } from './foundation/agents/index.ts'
import type { Config } from './foundation/config/index.ts'
import type { GuardRoom } from './journey/guard/index.ts'
import { isSubAgent } from './journey/sandbox/index.ts'

export interface Toolbox {
  /** The layers that decide which tools an agent has; a sub-agent has fewer. */
  toolsOf(agent: AgentId, session?: string): Tool[]
  /** What a person's turns are told of: what the agent has, less what their profile keeps from them. */
  offeredTo(agent: AgentId, principal: Principal, session?: string): Promise<Tool[]>
  /** Every tool with what removes it for a role or a person. Rejects with `person-unknown`. */
  list: NonNullable<Rooms['tools']>['list']
}

export function createToolbox({ shelf, config, agents, guard, log }: { shelf: readonly Tool[]; config: Config; agents: Agents; guard: Pick<GuardRoom, 'toolsLeft' | 'people'>; log: Pick<Logger, 'warn'> }): Toolbox {
  const toolPolicyOf = (agent: AgentId, session?: string): ToolPolicy => {
    const all = config.get(toolsSection)
    const { profile, allow, ...own } = agents.get(agent).tools
    return {
      profile: profile ?? all.profile, profileOf: profile === undefined ? 'the profile' : `the profile of ${agent},`,
      layers: [{ name: 'tools', lists: all }, { name: `agents.list.${agent}.tools`, lists: { ...own, ...(allow === undefined ? {} : { allow }) } }],
      ...(session !== undefined && isSubAgent(session) ? { except: { name: 'a sub-agent', deny: ['group:sessions', 'group:messaging'] } } : {}),
    }
  }
  const toolsOf = (agent: AgentId, session?: string): Tool[] => {
    const there = new Set(ruleOnTools(shelf, toolPolicyOf(agent, session)).flatMap(({ name, removedBy }) => (removedBy === null ? [name] : [])))
    return shelf.filter(({ name }) => there.has(name))
  }
  const nameUnknownTools = (): void => {
    const unknown = agents.ids().flatMap((agent) => unknownToolNames(shelf, toolPolicyOf(agent)))
    if (unknown.length > 0) log.warn('A list of tools names some that do not exist.', { names: [...new Set(unknown.map(({ list, name }) => `${list}: ${name}`))] })
  }
  nameUnknownTools()
  config.onChange(toolsSection, nameUnknownTools)
  config.onChange(agentsSection, nameUnknownTools)
  const offeredTo = async (agent: AgentId, { id }: Principal, session?: string): Promise<Tool[]> => {
    const had = toolsOf(agent, session)
    const left = new Set(await guard.toolsLeft(id, had.map(({ name }) => name)))
    return had.filter(({ name }) => left.has(name))
  }
  return {
    toolsOf, offeredTo,
    async list({ agent = agents.defaultId(), as }) {
      const { id } = agents.get(agent)
      const role = (['owner', 'admin', 'member', 'guest'] as const).find((each) => each === as)
      const person = (await guard.people()).find((each) => each.id === as)
      if (role === undefined && person === undefined) throw new Problem('person-unknown', `Nobody here is "${as.slice(0, 100)}".`, { next: 'Use an id of `moltbot people list`, or owner, admin, member or guest.' })
      const policy = toolPolicyOf(id)
      const rulings = new Map(ruleOnTools(shelf, policy).map((ruling) => [ruling.name, ruling.removedBy]))
      const left = person === undefined ? undefined : new Set(await guard.toolsLeft(person.id, shelf.map(({ name }) => name)))
      const removedBy = (name: string): string | null => {
        if ((person?.role ?? role) === 'guest') return 'being a guest'
        return rulings.get(name) ?? (left !== undefined && !left.has(name) ? `the person's profile ${person?.profile ?? ''}` : null)
      }
      return { agentId: id, as, tools: shelf.map(({ name, description }) => ({ name, description, removedBy: removedBy(name) })), unknown: unknownToolNames(shelf, policy) }
    },
  }
}
