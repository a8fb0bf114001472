import { defineCheck } from '@moltbot/contract'

export const secretsEnvInvalid = defineCheck({
  id: 'secrets.env_invalid',
  severity: 'critical',
  title: 'The file secrets.env can be read',
  find: (facts) => (facts.secretsFault === null ? [] : [{
    check: 'secrets.env_invalid', severity: 'critical', subject: `${facts.stateDir}/secrets.env`,
    evidence: `${facts.secretsFault.replace(/\.$/, '')}. The gateway does not start with it.`,
    remedy: 'Write each line as: export NAME="value"',
  }]),
})
