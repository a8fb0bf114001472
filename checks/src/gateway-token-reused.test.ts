import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { gatewayTokenReused } from './gateway-token-reused.ts'

const two = (a: string, b: string) => (facts: ChangeableFacts): void => {
  const one = (path: string, other: string): ChangeableFacts['credentials'][number] => ({ path, from: 'plain', length: 64, bits: 256, placeholder: false, sameAs: [other], knownSince: null })
  facts.credentials = [one(b, a), one(a, b)]
}
testCheck(gatewayTokenReused, {
  faults: {
    'token and webhook secret': { change: two('gateway.auth.token', 'channels.network.webhookSecret'), finds: [{ subject: 'gateway.auth.token', evidence: /webhookSecret/ }] },
    'two bots': { change: two('channels.network.accounts.a.botToken', 'channels.network.accounts.b.botToken'), finds: [{ subject: 'channels.network.accounts.a.botToken', severity: 'warn' }] },
  },
})
