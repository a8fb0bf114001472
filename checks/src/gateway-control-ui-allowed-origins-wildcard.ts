import { defineCheck } from '@moltbot/contract'
import { valueAt, wordsOf } from './config-value.ts'

export const gatewayControlUiAllowedOriginsWildcard = defineCheck({
  id: 'gateway.control_ui.allowed_origins_wildcard',
  severity: 'critical',
  title: 'No pattern stands among the allowed origins and hosts',
  find: (facts) => ['gateway.controlUi.allowedOrigins', 'gateway.allowedHosts'].flatMap((path) => wordsOf(valueAt(facts, path)).filter((entry) => /\*|^\.|^null$/i.test(entry.trim())).map((entry) => ({
    check: 'gateway.control_ui.allowed_origins_wildcard', severity: 'critical' as const, subject: path,
    evidence: `"${entry}" stands for pages you do not know.`,
    remedy: 'Name each one exactly, or none.',
  }))),
})
