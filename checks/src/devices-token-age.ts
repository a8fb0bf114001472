import { defineCheck } from '@moltbot/contract'

const day = 86_400_000
const daysMax = 180

export const devicesTokenAge = defineCheck({
  id: 'devices.token_age',
  severity: 'warn',
  title: 'The tokens of paired devices were replaced within the last half year',
  needs: 'live',
  find: (facts) => (facts.live?.devices ?? []).flatMap(({ id, name, scopes, tokenAt }) => {
    const days = typeof tokenAt === 'number' ? Math.floor((facts.takenAt - tokenAt) / day) : 0
    if (days <= daysMax) return []
    return [{
      check: 'devices.token_age', severity: days > 2 * daysMax && scopes.includes('operator.admin') ? 'warn' as const : 'info' as const, subject: id,
      evidence: `"${name}" was given its token ${days} days ago.`,
      remedy: 'Forget the device and let it in again: moltbot devices remove. A new gateway token (moltbot gateway token rotate) ends those that were given without a question.',
    }]
  }),
})
