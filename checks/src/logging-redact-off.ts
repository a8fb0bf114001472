import { defineCheck } from '@moltbot/contract'
import { textAt } from './config-value.ts'

export const loggingRedactOff = defineCheck({
  id: 'logging.redact_off',
  severity: 'warn',
  title: 'Logs hide whatever looks like a credential',
  quick: true,
  find: (facts) => (textAt(facts, 'logging.redactSensitive') !== 'off' ? [] : [{
    check: 'logging.redact_off', severity: 'warn', subject: 'logging.redactSensitive',
    evidence: 'It is off: only secrets the gateway was told of are hidden, not those that pass through it.',
    remedy: 'Set logging.redactSensitive to "tools" or "all".',
  }]),
  fix: () => ({ kind: 'config', path: 'logging.redactSensitive', value: 'tools' }),
})
