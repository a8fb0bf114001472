import { testCheck } from '@moltbot/contract/testing'
import { configUnknownKeys } from './config-unknown-keys.ts'

testCheck(configUnknownKeys, {
  faults: { 'a misspelled rule': { change: (facts) => void facts.config.issues.push({ path: 'channels.network.dmPolcy', line: 9, message: 'unknown key; did you mean "dmPolicy"?', severity: 'warning', unknownKey: true }), finds: [{ subject: 'channels.network.dmPolcy', evidence: /dmPolicy/ }] } },
  harmless: { 'another warning': (facts) => void facts.config.issues.push({ path: 'logging.level', line: 9, message: 'very talkative', severity: 'warning', unknownKey: false }) },
})
