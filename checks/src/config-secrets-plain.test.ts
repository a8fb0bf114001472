import { testCheck } from '@moltbot/contract/testing'
import { configSecretsPlain } from './config-secrets-plain.ts'

testCheck(configSecretsPlain, {
  faults: { 'a model key and a bot token': { change: (facts) => void facts.config.plainSecrets.push('models.providers.anthropic.apiKey', 'channels.network.botToken'), finds: [{ subject: 'models.providers.anthropic.apiKey' }, { subject: 'channels.network.botToken' }] } },
  harmless: { 'the gateway’s own token, as the guide has it': (facts) => void (facts.config.plainSecrets = ['gateway.auth.token']) },
})
