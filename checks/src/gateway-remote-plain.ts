import { defineCheck } from '@moltbot/contract'
import { travelsInTheClear } from './addresses.ts'
import { textAt } from './config-value.ts'

export const gatewayRemotePlain = defineCheck({
  id: 'gateway.remote_plain',
  severity: 'critical',
  title: 'The way to another gateway is encrypted',
  find(facts) {
    const url = textAt(facts, 'gateway.remote.url')
    return !travelsInTheClear(url) ? [] : [{
      check: 'gateway.remote_plain', severity: textAt(facts, 'gateway.mode') === 'remote' ? 'critical' : 'warn', subject: 'gateway.remote.url',
      evidence: 'The token is sent there without encryption.',
      remedy: 'Use its wss:// address, or a tunnel to localhost.',
    }]
  },
})
