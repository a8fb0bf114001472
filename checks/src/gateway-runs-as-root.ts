import { defineCheck } from '@moltbot/contract'

export const gatewayRunsAsRoot = defineCheck({
  id: 'gateway.runs_as_root',
  severity: 'warn',
  title: 'The gateway does not run as the administrator',
  quick: true,
  find: (facts) => (facts.user !== 0 ? [] : [{
    check: 'gateway.runs_as_root', severity: 'warn', subject: 'root',
    evidence: 'It runs as root: a flaw in it, or in what it starts, is a flaw in everything on this machine.',
    remedy: 'Run it as a user of its own and give that user the state directory.',
  }]),
})
