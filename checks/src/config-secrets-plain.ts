import { defineCheck } from '@moltbot/contract'

/** The token is made by the gateway, used nowhere else and replaced by one command; the operator's guide keeps it in the file. Passwords have a check of their own. */
const expected = ['gateway.auth.token', 'gateway.auth.password', 'gateway.remote.password']

export const configSecretsPlain = defineCheck({
  id: 'config.secrets.plain',
  severity: 'warn',
  title: 'The configuration refers to other services’ keys instead of holding them',
  find: (facts) => facts.config.plainSecrets.filter((path) => !expected.includes(path)).map((path) => ({
    check: 'config.secrets.plain', severity: 'warn', subject: path,
    evidence: 'The value itself stands in the file, and so in every copy, backup and screenshot of it.',
    remedy: 'Put the value into secrets.env under a name and write ${NAME} here.',
  })),
})
