import { defineCheck } from '@moltbot/contract'

export const modelsNeedsYou = defineCheck({
  id: 'models.needs_you',
  severity: 'warn',
  title: 'No sign-in with a provider of models waits for you',
  needs: 'live',
  find: (facts) => (facts.live?.credentials ?? []).filter(({ state }) => state === 'needs-you').map(({ profile, reason, next }) => ({
    check: 'models.needs_you', severity: 'warn', subject: profile,
    evidence: `It cannot be used: ${(reason ?? 'it needs a person').replace(/\.$/, '')}.`,
    remedy: next ?? 'See what it asks for: moltbot models auth list',
  })),
})
