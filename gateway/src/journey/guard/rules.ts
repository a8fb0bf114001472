import { ownConversation, ownJobs, ownMemory, unreachable, type Action, type Effect, type Principal, type Verdict } from '@moltbot/contract'

/** `ask`: not without a person's yes to exactly this call. `by`: what freed it, where it would have been asked about. */
export type Ruling = { kind: 'allow'; by?: string } | { kind: 'ask' | 'deny'; reason: string }
const allow: Ruling = { kind: 'allow' }
const ask = (reason: string): Ruling => ({ kind: 'ask', reason })
const deny = (reason: string): Ruling => ({ kind: 'deny', reason })

const readOutside = 'this conversation has read something from outside'

/** What a turn has read. `knows`: this address stood in it, or a person named its host; absent: none did. */
export interface Reading { tainted: boolean; knows?(url: string): boolean }

/** What a principal's turn may do to the world. An effect nobody wrote a rule for is denied. */
export function ruleOnEffect(principal: Principal, effect: Effect, { tainted, knows }: Reading): Ruling {
  if (principal.role === 'guest') return deny('guests have no tools')
  const elevated = principal.role === 'owner' || principal.role === 'admin'
  switch (effect.kind) {
    case 'reads-private':
    case 'reads-untrusted':
    case 'writes-workspace':
      return allow
    case 'writes-outside': return deny(`writing outside the workspace (${effect.path}) is not allowed`)
    // There is only one place where code runs: the sandbox. What strangers wrote may not make it run unseen all the same.
    case 'runs-code':
      if (!elevated) return deny('running commands is the owner\'s')
      return tainted ? ask(`${readOutside}, and would run a command`) : allow
    // Which hosts, where they lead and how often is ruled where it leaves. Whoever reads strangers' words follows their links as they stand: nothing it knows can be put into an address.
    case 'reaches-host':
      return !tainted || effect.url === undefined || knows?.(effect.url) === true ? allow : ask(`${readOutside}, and would reach ${effect.host} at an address that stood nowhere in it`)
    // What is said in the conversation itself is its answer, in other words.
    case 'sends':
      if (effect.to === ownConversation) return allow
      return elevated ? ask(`it would send ${effect.file === undefined ? '' : `the file ${effect.file} `}to ${effect.to}`) : deny(`sending to ${effect.to} is not allowed`)
    case 'spends': return elevated ? ask(`it would spend: ${effect.what}`) : deny('spending is the owner\'s')
    // The owner's own words may change what the assistant remembers and how it behaves; nobody else's may, but what is remembered of themselves and done for them at set times.
    case 'changes-gateway':
      if (!elevated && effect.what !== ownMemory && effect.what !== ownJobs) return deny(`changing ${effect.what} is the owner's`)
      return tainted ? ask(`${readOutside}, and would change ${effect.what}`) : allow
    // It is the person's own, and asks them itself. What they once allowed there for a while does not count for strangers' words.
    case 'uses-device': return tainted ? ask(`${readOutside}, and would use ${effect.what}`) : allow
    default: return unreachable(effect)
  }
}

export function readingOf(action: Extract<Action, { kind: 'use-tool' }>): Reading {
  return { tainted: action.tainted === true, ...(action.knows === undefined ? {} : { knows: action.knows }) }
}

/** Closed, typed rules; of several effects the strictest ruling decides. `onEffect`: what the owner decided over the general rules; absent: nothing. */
export function ruleOn(principal: Principal, action: Action, onEffect = ruleOnEffect): Ruling {
  switch (action.kind) {
    case 'speak': return deny('speaking is judged with the message')
    case 'command':
      if (action.ownerOnly && principal.role !== 'owner' && principal.role !== 'admin') return deny(`/${action.name} is the owner's`)
      return principal.role === 'guest' ? deny('guests have no commands') : allow
    case 'use-tool': {
      if (principal.role === 'guest') return deny('guests have no tools')
      const rulings = action.effects.map((effect) => onEffect(principal, effect, readingOf(action)))
      return rulings.find(({ kind }) => kind === 'deny') ?? rulings.find(({ kind }) => kind === 'ask') ?? rulings.find((each) => each.kind === 'allow' && each.by !== undefined) ?? allow
    }
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
