import { fields } from '../wire.ts'
import { isTree, valueAt, withValue, type Change, type Steps, type Tree } from './config-form.ts'
import type { Cap } from './money.ts'

export type LimitScope = 'gateway' | 'person' | 'agent' | 'channel'
export type LimitPeriod = 'day' | 'month' | 'turn'

/** One limit as it stands in the configuration, or as it holds for somebody who has none of their own. */
export interface Limit {
  scope: LimitScope
  /** Whose: '' for the gateway, `*` for each who is not named. */
  id: string
  period: LimitPeriod
  /** Where one of its own stands, or would. */
  steps: Steps
  /** US dollars. */
  amount: number | 'off'
  /** It holds by `*`; an own one would stand at `steps`. */
  shared: boolean
  /** Undefined: nothing is counted against it by itself. `resetsAt`: epoch ms. */
  spent: { usd: number; resetsAt: number | undefined } | undefined
}

export const limitMaps = { person: 'byPrincipal', agent: 'byAgent', channel: 'byChannel' } as const
const keys = { day: 'daily', month: 'monthly', turn: 'perTurn' } as const
const periods: readonly LimitPeriod[] = ['day', 'month']

/** Where the limit of this one stands. */
export function limitSteps(scope: LimitScope, id: string, period: LimitPeriod): Steps {
  return scope === 'gateway' ? ['budgets', keys[period]] : ['budgets', limitMaps[scope], id, keys[period]]
}

function isScope(scope: string): scope is LimitScope {
  return scope === 'gateway' || Object.hasOwn(limitMaps, scope)
}

/** All limits that hold: the gateway's, then those that are written for somebody, then what `*` means for those who spent something. */
export function limitsOf(effective: Tree, caps: readonly Cap[]): Limit[] {
  const spentOf = (scope: LimitScope, id: string, period: LimitPeriod): Limit['spent'] => {
    const cap = caps.find((known) => known.scope === scope && known.id === id && known.period === period)
    return cap === undefined ? undefined : { usd: cap.spentUsd, resetsAt: cap.resetsAt }
  }
  const written = (scope: LimitScope, id: string, period: LimitPeriod): Limit[] => {
    const steps = limitSteps(scope, id, period)
    const amount = valueAt(effective, steps)
    return amount === 'off' || typeof amount === 'number' ? [{ scope, id, period, steps, amount, shared: false, spent: spentOf(scope, id, period) }] : []
  }
  const own = [
    ...[...periods, 'turn' as const].flatMap((period) => written('gateway', '', period)),
    ...(['person', 'agent', 'channel'] as const).flatMap((scope) =>
      Object.keys(fields(valueAt(effective, ['budgets', limitMaps[scope]]))).toSorted((a, b) => Number(a === '*') - Number(b === '*') || a.localeCompare(b))
        .flatMap((id) => periods.flatMap((period) => written(scope, id, period)))),
  ]
  const rest = caps.flatMap((cap): Limit[] => {
    const { scope, id } = cap
    const period = periods.find((known) => known === cap.period)
    if (!isScope(scope) || period === undefined || own.some((limit) => limit.scope === scope && limit.id === id && limit.period === period)) return []
    return [{ scope, id, period, steps: limitSteps(scope, id, period), amount: cap.capUsd, shared: true, spent: { usd: cap.spentUsd, resetsAt: cap.resetsAt } }]
  })
  return [...own, ...rest]
}

/** What is written when a limit becomes this. Undefined takes it away; a name with no limit left goes too, so that `*` holds for it again. */
export function limitChange(parsed: Tree, effective: Tree, steps: Steps, amount: number | 'off' | undefined): Change {
  const around = steps.slice(0, -1)
  const left = withValue(valueAt(parsed, around), steps.slice(-1), undefined)
  if (amount === undefined && steps.length > 2 && isTree(left) && Object.keys(left).length === 0) return { steps: around, before: valueAt(parsed, around), after: undefined }
  return { steps, before: valueAt(effective, steps), after: amount }
}

/** Dollars as people type them; undefined: that is no amount. */
export function readAmount(typed: string): number | undefined {
  const plain = typed.trim().replace(/^(US)?\$\s*/, '').replace(',', '.')
  const value = Number(plain)
  return plain !== '' && Number.isFinite(value) && value >= 0 && value <= 1_000_000 ? value : undefined
}
