import { unreachable, type FaultClass } from '@moltbot/contract'

/** What whoever runs a program that talks to us can do about a turn that failed for this reason. Undefined: the sentence of the failure says it. */
export function nextStep(fault: FaultClass): string | undefined {
  switch (fault) {
    case 'rate_limit': case 'overloaded': case 'timeout': case 'server_error': case 'network': return 'Try again in a moment.'
    case 'auth': case 'auth_permanent': return 'The owner can set a new key: moltbot onboard'
    case 'billing': return 'The account of the model needs credit.'
    case 'budget': return undefined
    case 'model_not_found': return 'Name another model: moltbot models list'
    case 'context_overflow': return 'Send less, or begin another conversation.'
    case 'refusal': return 'Say it in other words, or name another model.'
    case 'abort': return 'Send it again.'
    case 'format': return 'The log says more: moltbot logs'
    default: return unreachable(fault)
  }
}
