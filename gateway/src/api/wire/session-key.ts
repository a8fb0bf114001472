import type { AgentId, SessionKey } from '@moltbot/contract'
import { mainAgent, Problem } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'

/** The agent a canonical key belongs to: the wire names both in every event, and its grammar is `agent:<agent>:<rest>`. */
export function agentOf(key: SessionKey): AgentId {
  return (key.split(':', 2)[1] ?? mainAgent) as AgentId
}

/**
 * The canonical key for what a client wrote, with an agent this gateway has. `agentId`, when given, must be the one in
 * the key, or places a key without agent with it. Throws `Problem('session-key-invalid')` or `Problem('agent-unknown')`.
 */
export function sessionFor(rooms: Pick<Rooms, 'sessions' | 'agents'>, given: string, agentId?: string): SessionKey {
  const wanted = agentId?.trim().toLowerCase()
  const spelled = wanted !== undefined && wanted !== '' && !/^(agent:|global$|unknown$)/i.test(given) ? `agent:${wanted}:${given}` : given
  const key = rooms.sessions.resolveKey(spelled)
  const agent = agentOf(key)
  if (wanted !== undefined && wanted !== '' && wanted !== agent) {
    throw new Problem('agent-mismatch', `agent "${wanted}" does not match session key agent "${agent}".`, { next: 'Leave agentId out or name a session of that agent.' })
  }
  requireAgent(rooms, agent)
  return key
}

/** Throws `Problem('agent-unknown')` unless the gateway has this agent. */
export function requireAgent(rooms: Pick<Rooms, 'agents'>, agent: string): void {
  if (rooms.agents.list().some((known) => known.id === agent)) return
  throw new Problem('agent-unknown', `unknown agent id "${agent}".`, { next: 'See agents.list for the agents of this gateway.' })
}

/** The agent that answers when nobody says which. */
export function defaultAgentId(rooms: Pick<Rooms, 'agents'>): string {
  const agents = rooms.agents.list()
  return (agents.find((agent) => agent.isDefault) ?? agents[0])?.id ?? mainAgent
}

/** The main session of an agent. */
export function mainSessionOf(rooms: Pick<Rooms, 'sessions'>, agent: string): SessionKey {
  return rooms.sessions.resolveKey(`agent:${agent}:main`)
}
