import { testCheck } from '@moltbot/contract/testing'
import { configInvalid } from './config-invalid.ts'

testCheck(configInvalid, {
  faults: { 'a word for a number': { change: (facts) => void facts.config.issues.push({ path: 'gateway.port', line: 2, message: 'expected a whole number', severity: 'error', unknownKey: false }), finds: [{ subject: 'gateway.port', evidence: /^Line 2: expected/ }] } },
  harmless: { 'a warning': (facts) => void facts.config.issues.push({ path: 'gateway.port', line: 2, message: 'better not', severity: 'warning', unknownKey: false }) },
})
