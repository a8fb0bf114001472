import { unreachable, type Action, type Effect, type Principal, type Verdict } from '@moltbot/contract'

type Ruling = { kind: 'allow' } | { kind: 'deny'; reason: string }
const allow: Ruling = { kind: 'allow' }
const deny = (reason: string): Ruling => ({ kind: 'deny', reason })

/** What a principal's turn may do to the world. An effect nobody wrote a rule for is denied. */
function ruleOnEffect(principal: Principal, effect: Effect, tainted: boolean): Ruling {
  if (principal.role === 'guest') return deny('guests have no tools')
  switch (effect.kind) {
    case 'reads-private':
    case 'reads-untrusted':
    case 'writes-workspace':
      return allow
    case 'writes-outside': return deny(`writing outside the workspace (${effect.path}) is not allowed`)
    // There is only one place where code runs: the sandbox. A turn that read strangers' words runs nothing all the same.
    case 'runs-code':
      if (principal.role !== 'owner' && principal.role !== 'admin') return deny('running commands is the owner\'s')
      return tainted ? deny('this turn has read something from outside, and runs no commands after that') : allow
    // Which hosts, where they lead and how often is ruled where it leaves; what a turn that read strangers' words may still reach, in its grant.
    case 'reaches-host': return allow
    case 'sends': return deny(`sending to ${effect.to} is not allowed`)
    case 'spends': return deny('spending is not allowed')
    // The owner's own words may change what the assistant remembers and how it behaves; nobody else's may.
    case 'changes-gateway': return principal.role === 'owner' || principal.role === 'admin' ? allow : deny(`changing ${effect.what} is the owner's`)
    default: return unreachable(effect)
  }
}

/** Closed, typed rules; the first that denies decides. */
export function ruleOn(principal: Principal, action: Action): Ruling {
  switch (action.kind) {
    case 'speak': return deny('speaking is judged with the message')
    case 'command':
      if (action.ownerOnly && principal.role !== 'owner' && principal.role !== 'admin') return deny(`/${action.name} is the owner's`)
      return principal.role === 'guest' ? deny('guests have no commands') : allow
    case 'use-tool':
      for (const effect of action.effects) {
        const ruling = ruleOnEffect(principal, effect, action.tainted === true)
        if (ruling.kind === 'deny') return ruling
      }
      return principal.role === 'guest' ? deny('guests have no tools') : allow
    case 'call-method':
      if (principal.role === 'owner' || principal.role === 'admin') return allow
      return action.scope === 'operator.read' && principal.role === 'member' ? allow : deny(`${action.method} needs ${action.scope}`)
    case 'connect-channel': return principal.role === 'owner' ? allow : deny('connecting channels is the owner\'s')
    default: return unreachable(action)
  }
}

export function toVerdict(principal: Principal, ruling: Ruling): Verdict {
  return ruling.kind === 'allow' ? { kind: 'allow', principal } : ruling
}
