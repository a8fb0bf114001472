import type { Effect } from '@moltbot/contract'
import type { Ruling } from '../rules.ts'
import { coveredBy, type AllowList } from './covers.ts'

/** What the owner decided about commands, for one agent. Nothing here makes more possible than the sandbox allows, or frees a command no list covers. */
export interface CommandPolicy extends AllowList {
  /** `deny`: none are run. `allowlist`: what is not covered is asked about in every turn. `full`: only in turns that have read something from outside. */
  security: 'deny' | 'allowlist' | 'full'
  /** About what is not covered: `on-miss` asks, `off` refuses. `always` asks each time, covered or not. */
  ask: 'off' | 'on-miss' | 'always'
}

/** The general rule on a command, and the owner's own over it. */
export function ruleOnCommand(ruling: Ruling, effect: Extract<Effect, { kind: 'runs-code' }>, policy: CommandPolicy): Ruling {
  if (ruling.kind === 'deny') return ruling
  if (policy.security === 'deny') return { kind: 'deny', reason: 'commands are switched off here (tools.exec.security is deny)' }
  if (policy.ask === 'always') return { kind: 'ask', reason: 'each command is asked about here (tools.exec.ask is always)' }
  if (ruling.kind === 'allow' && policy.security === 'full') return ruling
  const covered = effect.plain === true ? coveredBy(effect.what, policy) : undefined
  if (covered !== undefined) return { kind: 'allow', by: `allow list: ${[...new Set(covered)].join(', ').slice(0, 200)}` }
  const reason = ruling.kind === 'ask' ? ruling.reason : 'the allow list does not cover this command'
  return policy.ask === 'off' ? { kind: 'deny', reason: `${reason}, and what the allow list does not cover is refused here (tools.exec.ask is off)` } : { kind: 'ask', reason }
}
