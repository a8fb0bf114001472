import { defineCheck } from '@moltbot/contract'

export const configUnknownKeys = defineCheck({
  id: 'config.unknown_keys',
  severity: 'warn',
  title: 'Every key of the configuration is one the gateway knows',
  find: (facts) => facts.config.issues.filter(({ unknownKey }) => unknownKey).map(({ path, message, line }) => ({
    check: 'config.unknown_keys', severity: 'warn', subject: path,
    evidence: `${line > 0 ? `Line ${line}: ` : ''}${message.replace(/\.$/, '')}. A misspelled rule protects nobody.`,
    remedy: 'Correct or remove the key; the known ones: moltbot config schema',
  })),
})
