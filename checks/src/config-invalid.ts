import { defineCheck } from '@moltbot/contract'

export const configInvalid = defineCheck({
  id: 'config.invalid',
  severity: 'warn',
  title: 'Every setting has a value it can have',
  find: (facts) => facts.config.issues.filter(({ path, severity, unknownKey }) => path !== '' && severity === 'error' && !unknownKey).map(({ path, message, line }) => ({
    check: 'config.invalid', severity: 'warn', subject: path,
    evidence: `${line > 0 ? `Line ${line}: ` : ''}${message.replace(/\.$/, '')}. Its section runs on its last good or default values.`,
    remedy: 'Correct the value; this names what is allowed: moltbot config validate',
  })),
})
