import type { Charge } from '@moltbot/contract'
import type { BudgetsConfig } from './config.ts'
import type { CapState, Tally } from './types.ts'

/** One cap in force, in millionths of a dollar. `key` names the sum it is held against. */
export interface Cap {
  scope: CapState['scope']
  id: string
  period: CapState['period']
  path: string
  key: string
  micros: number
}

const maps = [['agent', 'byAgent'], ['person', 'byPrincipal'], ['channel', 'byChannel']] as const

/** Every cap that one call has to fit into. */
export function capsFor(config: BudgetsConfig, charge: Partial<Charge>, day: string): Cap[] {
  const ids = { agent: charge.agent, person: charge.principal, channel: charge.channel }
  return [
    ...ofPeriods('gateway', '', 'budgets', config, day),
    ...maps.flatMap(([scope, map]) => {
      const id = ids[scope]
      if (id === undefined || id === '') return []
      const name = Object.hasOwn(config[map], id) ? id : '*'
      return ofPeriods(scope, id, `budgets.${map}.${name}`, Object.hasOwn(config[map], name) ? config[map][name] : undefined, day)
    }),
    ...(charge.turn === undefined || charge.turn === '' || config.perTurn === 'off' ? [] : [{ scope: 'turn', id: charge.turn, period: 'turn', path: 'budgets.perTurn', key: `turn:${charge.turn}:`, micros: config.perTurn * 1_000_000 } as const]),
  ]
}

/** The gateway's caps, and those of everyone who is named or has spent something. */
export function everyCap(config: BudgetsConfig, day: string, keys: readonly string[]): Cap[] {
  const seen = (scope: string): string[] => keys.filter((key) => key.startsWith(`${scope}:`) && key.endsWith(`:${day.slice(0, 7)}`)).map((key) => key.slice(scope.length + 1, -8))
  return [
    ...ofPeriods('gateway', '', 'budgets', config, day),
    ...maps.flatMap(([scope, map]) => [...new Set([...Object.keys(config[map]).filter((id) => id !== '*'), ...(Object.hasOwn(config[map], '*') ? seen(scope) : [])])]
      .flatMap((id) => capsFor(config, { [scope === 'person' ? 'principal' : scope]: id }, day).filter((cap) => cap.scope === scope))),
  ]
}

function ofPeriods(scope: CapState['scope'], id: string, path: string, caps: { daily?: number | 'off' | undefined; monthly?: number | 'off' | undefined } | undefined, day: string): Cap[] {
  const cap = (period: 'day' | 'month', name: 'daily' | 'monthly', of: string): Cap[] => {
    const amount = caps?.[name]
    return amount === undefined || amount === 'off' ? [] : [{ scope, id, period, path: `${path}.${name}`, key: `${scope}:${id}:${of}`, micros: amount * 1_000_000 }]
  }
  return [...cap('day', 'daily', day), ...cap('month', 'monthly', day.slice(0, 7))]
}

export function stateOf(cap: Cap, tally: Tally | undefined, resetsAt: number | null): CapState {
  const { scope, id, period, path, micros } = cap
  const { spent, reserved } = tally ?? { spent: 0, reserved: 0 }
  return { scope, id, period, path, capUsd: micros / 1_000_000, spentUsd: spent / 1_000_000, reservedUsd: reserved / 1_000_000, leftUsd: Math.max(0, micros - spent - reserved) / 1_000_000, resetsAt }
}
