import { setConfig, testCheck } from '@moltbot/contract/testing'
import { budgetsOff } from './budgets-off.ts'

testCheck(budgetsOff, {
  faults: {
    'no cap at all': {
      change(facts) {
        setConfig(facts, 'budgets.daily', 'off')
        setConfig(facts, 'budgets.monthly', 'off')
      },
      finds: [{ subject: 'budgets.daily' }, { subject: 'budgets.monthly', evidence: /without end/ }], mended: true,
    },
    'a month in one day': { change: (facts) => setConfig(facts, 'budgets.daily', 'off'), finds: [{ subject: 'budgets.daily', severity: 'info' }], mended: true },
    'every day anew': { change: (facts) => setConfig(facts, 'budgets.monthly', 'off'), finds: [{ subject: 'budgets.monthly', severity: 'info' }], mended: true },
  },
  harmless: { 'nothing but what is free': (facts) => setConfig(facts, 'budgets.daily', 0) },
})
