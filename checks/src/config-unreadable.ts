import { defineCheck } from '@moltbot/contract'

export const configUnreadable = defineCheck({
  id: 'config.unreadable',
  severity: 'critical',
  title: 'The configuration can be read',
  quick: true,
  find: (facts) => facts.config.issues.filter(({ path, severity }) => path === '' && severity === 'error').map(({ message, line }) => ({
    check: 'config.unreadable', severity: 'critical', subject: facts.configFile,
    evidence: `${line > 0 ? `Line ${line}: ` : ''}${message.replace(/\.$/, '')}. Until then an older configuration or the defaults are in effect.`,
    remedy: 'Mend the file; this names the place: moltbot config validate',
  })),
})
