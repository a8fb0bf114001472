import { testCheck } from '@moltbot/contract/testing'
import { configSecretsGatewayPasswordInConfig } from './config-secrets-gateway-password-in-config.ts'

testCheck(configSecretsGatewayPasswordInConfig, {
  faults: {
    'the own password': { change: (facts) => void facts.config.plainSecrets.push('gateway.auth.password'), finds: [{ subject: 'gateway.auth.password' }] },
    'another gateway’s': { change: (facts) => void facts.config.plainSecrets.push('gateway.remote.password'), finds: [{ subject: 'gateway.remote.password' }] },
  },
})
