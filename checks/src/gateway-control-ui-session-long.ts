import { defineCheck } from '@moltbot/contract'
import { valueAt } from './config-value.ts'

const week = 7 * 24 * 60

export const gatewayControlUiSessionLong = defineCheck({
  id: 'gateway.control_ui.session_long',
  severity: 'info',
  title: 'A browser that is not used must sign in again within a week',
  find(facts) {
    const minutes = Math.min(Number(valueAt(facts, 'gateway.controlUi.sessionIdleMinutes') ?? 0), Number(valueAt(facts, 'gateway.controlUi.sessionMinutes') ?? 0))
    return minutes <= week ? [] : [{
      check: 'gateway.control_ui.session_long', severity: 'info', subject: 'gateway.controlUi.sessionIdleMinutes',
      evidence: `A browser stays signed in for ${Math.round(minutes / 60 / 24)} days without being used.`,
      remedy: 'Set gateway.controlUi.sessionIdleMinutes lower, for example to 720.',
    }]
  },
  fix: () => ({ kind: 'config', path: 'gateway.controlUi.sessionIdleMinutes', value: 720 }),
})
