import { defineCheck } from '@moltbot/contract'

export const sandboxUnavailable = defineCheck({
  id: 'sandbox.unavailable',
  severity: 'warn',
  title: 'Commands can be isolated from this machine',
  needs: 'live',
  find({ live }) {
    const sandbox = live?.sandbox
    if (sandbox === undefined || sandbox.available) return []
    return [{
      check: 'sandbox.unavailable', severity: 'warn', subject: 'agents.defaults.sandbox', evidence: `Commands are not run, because nothing isolates them. ${sandbox.reason ?? ''}`.trim(),
      remedy: sandbox.remedy === null ? 'See: moltbot sandbox explain' : `Run: ${sandbox.remedy}`,
    }]
  },
})
