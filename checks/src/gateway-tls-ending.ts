import { defineCheck } from '@moltbot/contract'

const day = 86_400_000
/** Somebody who renews by hand needs that long; a certificate the gateway renews by itself is never that near its end. */
const daysLeft = { own: 21, server: 3, authority: 7 } as const

export const gatewayTlsEnding = defineCheck({
  id: 'gateway.tls_ending',
  severity: 'critical',
  title: 'No certificate of the gateway is near its end',
  find: (facts) => (facts.certificates ?? []).flatMap(({ role, path, endsAt, renews }) => {
    const days = Math.floor((endsAt - facts.takenAt) / day)
    if (days >= daysLeft[role]) return []
    return [{
      check: 'gateway.tls_ending', severity: days < 0 ? 'critical' as const : 'warn' as const, subject: path,
      evidence: days < 0 ? 'It has ended: careful clients are turned away.' : `It ends in ${days} days${renews ? ' and was not renewed' : ''}.`,
      remedy: renews ? 'The running gateway renews it by itself; start it, and look at moltbot logs for why it could not.' : 'Put a new certificate and its key in their place; they are served within ten seconds.',
    }]
  }),
})
