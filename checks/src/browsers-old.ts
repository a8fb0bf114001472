import { defineCheck } from '@moltbot/contract'

const day = 86_400_000

export const browsersOld = defineCheck({
  id: 'browsers.old',
  severity: 'info',
  title: 'Signed-in browsers are few and recent',
  needs: 'live',
  find(facts) {
    const { count = 0, oldestAt = null } = facts.live?.browsers ?? {}
    const days = oldestAt === null ? 0 : Math.floor((facts.takenAt - oldestAt) / day)
    return count <= 10 && days <= 30 ? [] : [{
      check: 'browsers.old', severity: 'info', subject: 'browsers',
      evidence: `${count} ${count === 1 ? 'browser is' : 'browsers are'} signed in, the oldest for ${days} ${days === 1 ? 'day' : 'days'}.`,
      remedy: 'A new token signs all of them out: bash scripts/rotate-gateway-token.sh',
    }]
  },
})
