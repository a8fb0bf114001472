import { setConfig, testCheck } from '@moltbot/contract/testing'
import { loggingRedactOff } from './logging-redact-off.ts'

testCheck(loggingRedactOff, {
  faults: { 'off': { change: (facts) => setConfig(facts, 'logging.redactSensitive', 'off'), finds: [{ subject: 'logging.redactSensitive' }], mended: true } },
  harmless: { 'all': (facts) => setConfig(facts, 'logging.redactSensitive', 'all') },
})
