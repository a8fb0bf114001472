import { defineCheck } from '@moltbot/contract'

const caps = { daily: 5, monthly: 50 } as const

export const budgetsOff = defineCheck({
  id: 'budgets.off',
  severity: 'warn',
  title: 'What models may cost has a cap',
  find(facts) {
    const budgets = facts.config.effective['budgets']
    if (typeof budgets !== 'object' || budgets === null) return []
    const off = (['daily', 'monthly'] as const).filter((period) => (budgets as Record<string, unknown>)[period] === 'off')
    return off.map((period) => ({
      check: 'budgets.off', severity: off.length === 2 ? 'warn' : 'info', subject: `budgets.${period}`,
      evidence: `There is no ${period} cap: ${off.length === 2 ? 'a fault or an attack can spend without end' : period === 'daily' ? 'the month\'s money can go in a day' : 'a day\'s money can go every day'}.`,
      remedy: `Set an amount in US dollars: moltbot config set budgets.${period} ${caps[period]}`,
    }))
  },
  fix: (_, finding) => ({ kind: 'config', path: finding.subject, value: finding.subject === 'budgets.daily' ? caps.daily : caps.monthly }),
})
