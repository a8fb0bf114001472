import { defineCheck } from '@moltbot/contract'

export const configSecretsGatewayPasswordInConfig = defineCheck({
  id: 'config.secrets.gateway_password_in_config',
  severity: 'warn',
  title: 'The gateway password does not stand in the configuration',
  find: (facts) => facts.config.plainSecrets.filter((path) => path === 'gateway.auth.password' || path === 'gateway.remote.password').map((path) => ({
    check: 'config.secrets.gateway_password_in_config', severity: 'warn', subject: path,
    evidence: 'A password that a person thought of, and perhaps uses elsewhere, stands in the file.',
    remedy: 'Move it to secrets.env as MOLTBOT_GATEWAY_PASSWORD and remove the key, or use mode token.',
  })),
})
