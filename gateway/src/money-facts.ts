/** What `/usage` says of money: the owner hears of everything, anybody else of their own. */
import type { CommandNeeds } from './journey/commands/index.ts'
import { isElevated } from './elevated.ts'
import type { BudgetDoor } from './foundation/budget/types.ts'

export function moneyFacts(budget: BudgetDoor): CommandNeeds['money'] {
  return async (principal) => {
    const privy = isElevated(principal)
    const days = await budget.days(31, privy ? undefined : principal.id)
    const month = days.filter(({ date }) => date.slice(0, 7) === budget.today().slice(0, 7))
    return {
      todayUsd: days.at(-1)?.costUsd ?? 0, monthUsd: month.reduce((sum, { costUsd }) => sum + costUsd, 0),
      caps: budget.caps(privy ? undefined : { principal: principal.id }).filter(({ scope }) => privy || scope === 'person')
        .map(({ scope, id, period, spentUsd, capUsd, leftUsd }) => ({ name: `${period === 'day' ? 'daily' : 'monthly'}${scope === 'gateway' ? '' : `, ${scope} ${id}`}`, spentUsd, capUsd, leftUsd })),
    }
  }
}
