import { defineCheck } from '@moltbot/contract'
import { travelsInTheClear } from './addresses.ts'
import { valueAt, wordsOf } from './config-value.ts'

export const gatewayControlUiAllowedOriginsInsecure = defineCheck({
  id: 'gateway.control_ui.allowed_origins_insecure',
  severity: 'warn',
  title: 'Allowed origins come over an encrypted way',
  find: (facts) => wordsOf(valueAt(facts, 'gateway.controlUi.allowedOrigins')).filter(travelsInTheClear).map((origin) => ({
    check: 'gateway.control_ui.allowed_origins_insecure', severity: 'warn', subject: 'gateway.controlUi.allowedOrigins',
    evidence: `Pages of ${origin} can be changed on their way by whoever sits in between, and may then use this gateway.`,
    remedy: 'Allow its https address instead.',
  })),
})
