import { defineCheck } from '@moltbot/contract'
import type { Finding } from '@moltbot/contract'

export const fsLogLinkForeign = defineCheck({
  id: 'fs.log_link.foreign',
  severity: 'warn',
  title: 'The well-known link to the log leads to this gateway’s log',
  find(facts) {
    const own = facts.files.filter(({ role }) => role === 'log').map(({ path }) => path)
    return facts.files.filter(({ role }) => role === 'log-link').flatMap(({ path, kind, owner }) => {
      const report = (evidence: string): Finding[] => [
        { check: 'fs.log_link.foreign', severity: 'warn', subject: path, evidence, remedy: `Read the log where it is instead: ${own[0] ?? facts.stateDir}` },
      ]
      if (facts.user !== null && owner !== facts.user) return report(`It was made by user ${owner}: what you read there may be what they wrote.`)
      if (kind !== 'link') return report('It is no link: what you read there is not this gateway’s log.')
      return []
    })
  },
})
