import { defineCheck } from '@moltbot/contract'
import { travelsInTheClear } from './addresses.ts'
import { asFields, configPath, valueAt } from './config-value.ts'

export const modelsBaseUrlInsecure = defineCheck({
  id: 'models.base_url_insecure',
  severity: 'critical',
  title: 'Conversations reach model servers encrypted',
  find: (facts) => Object.entries(asFields(valueAt(facts, 'models.providers'))).flatMap(([id, provider]) => {
    const url = asFields(provider)['baseUrl']
    return typeof url !== 'string' || !travelsInTheClear(url) ? [] : [{
      check: 'models.base_url_insecure', severity: asFields(provider)['apiKey'] === undefined || asFields(provider)['apiKey'] === '' ? 'warn' as const : 'critical' as const, subject: `${configPath(['models', 'providers', id])}.baseUrl`,
      evidence: 'The server is another machine and the address plain http: every word, and the key, can be read on the way.',
      remedy: 'Use its https address, a tailnet, or a tunnel to localhost.',
    }]
  }),
})
