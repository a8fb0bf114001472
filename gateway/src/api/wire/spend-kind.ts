import { Problem, type Principal } from '@moltbot/contract'
import Type from 'typebox'
import type { BudgetDoor } from '../../foundation/budget/types.ts'

/** By what money is added up. */
export const SpendKindShape = Type.Union([Type.Literal('model'), Type.Literal('agent'), Type.Literal('person'), Type.Literal('channel'), Type.Literal('session')])

/** What everyone spends, for those who may see it. Throws for everybody else, and where no accounts are kept. */
export function everyonesAccounts(budget: BudgetDoor | undefined, principal: Principal): BudgetDoor {
  if (budget === undefined) throw new Problem('usage-absent', 'This gateway keeps no accounts.')
  if (principal.role !== 'owner' && principal.role !== 'admin') throw new Problem('usage-owner', 'Only the owner sees what everyone spends.', { next: 'Your own is in `usage.cost`.' })
  return budget
}
