import { sampleStateDir, testCheck } from '@moltbot/contract/testing'
import { configUnreadable } from './config-unreadable.ts'

testCheck(configUnreadable, {
  faults: { 'no JSON5': { change: (facts) => void facts.config.issues.push({ path: '', line: 7, message: 'a bracket is not closed', severity: 'error', unknownKey: false }), finds: [{ subject: `${sampleStateDir}/moltbot.json`, evidence: /^Line 7: a bracket/ }] } },
  harmless: { 'a broken section': (facts) => void facts.config.issues.push({ path: 'gateway.port', line: 2, message: 'no number', severity: 'error', unknownKey: false }) },
})
