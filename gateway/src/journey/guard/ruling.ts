import type { Action, AgentId, Effect, Principal, PrincipalId, Sql } from '@moltbot/contract'
import { isStandingIn } from './approvals.ts'
import { ruleOnCommand, type CommandPolicy } from './allow-list/index.ts'
import { lesserRole } from './lesser-role.ts'
import { createRoster, type NamesTool, type Profile, type Roster } from './roster.ts'
import { readingOf, ruleOn, ruleOnEffect, type Reading, type Ruling } from './rules.ts'

/** What the judge says, by the general rules, the person's profile and what the owner decided. It only reads, so it can be asked about a configuration that is not in force. */
export interface RulingBook extends Roster {
  /** Whoever asks may have been given less, or been removed, since they were judged last: what they may now counts. */
  asNow(on: Pick<Sql, 'get'>, principal: Principal): Promise<Principal | undefined>
  rulingOn(on: Pick<Sql, 'get'>, principal: Principal, action: Action): Promise<Ruling>
}

export function createRuling(options: {
  profiles(): Readonly<Record<string, Profile>>
  /** Whether a list of a person's profile means this tool. Absent: its own name, or `*`. */
  namesTool?: NamesTool | undefined
  /** What the owner decided about an agent's commands. Absent: nothing beyond the general rules. */
  commandPolicy?: ((agent: AgentId) => CommandPolicy | undefined) | undefined
}): RulingBook {
  const roster = createRoster(options)

  async function asNow(on: Pick<Sql, 'get'>, principal: Principal): Promise<Principal | undefined> {
    const now = await roster.principalIn(on, principal.id)
    if (now !== undefined) return { ...principal, role: lesserRole(principal.role, now.role) }
    return (await on.get('SELECT id FROM principals_removed WHERE id = ?', principal.id)) === undefined ? principal : undefined
  }

  /** The general rules, and over them what the owner decided about this agent's commands. */
  const ownersRules = (agent: AgentId) => (principal: Principal, effect: Effect, reading: Reading): Ruling => {
    const ruling = ruleOnEffect(principal, effect, reading)
    const policy = effect.kind === 'runs-code' ? options.commandPolicy?.(agent) : undefined
    return effect.kind === 'runs-code' && policy !== undefined ? ruleOnCommand(ruling, effect, policy) : ruling
  }

  /** Whether everything about which it would have to be asked was allowed for good. */
  async function isStanding(on: Pick<Sql, 'get'>, principal: Principal, action: Extract<Action, { kind: 'use-tool' }>): Promise<boolean> {
    const onEffect = ownersRules(action.agent)
    for (const effect of action.effects) {
      if (effect.kind === 'runs-code' && options.commandPolicy?.(action.agent)?.ask === 'always') return false
      if (onEffect(principal, effect, readingOf(action)).kind === 'ask' && !(await isStandingIn(on, principal.id as PrincipalId, action.agent, effect, { session: action.session, conversation: action.conversation ?? null }))) return false
    }
    return true
  }

  return {
    ...roster, asNow,
    async rulingOn(on, given, action) {
      const principal = await asNow(on, given)
      if (principal === undefined) return { kind: 'deny', reason: 'this person was removed' }
      const refused = action.kind === 'use-tool' ? await roster.toolRefused(on, principal.id, action.tool) : undefined
      if (refused !== undefined) return { kind: 'deny', reason: refused }
      const ruling = action.kind === 'use-tool' ? ruleOn(principal, action, ownersRules(action.agent)) : ruleOn(principal, action)
      return ruling.kind === 'ask' && action.kind === 'use-tool' && (await isStanding(on, principal, action)) ? { kind: 'allow' } : ruling
    },
  }
}
