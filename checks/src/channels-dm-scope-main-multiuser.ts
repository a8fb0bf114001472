import { defineCheck } from '@moltbot/contract'
import { channelAccounts } from './channel-accounts.ts'
import { textAt, valueAt, wordsOf } from './config-value.ts'

export const channelsDmScopeMainMultiuser = defineCheck({
  id: 'channels.dm.scope_main_multiuser',
  severity: 'critical',
  title: 'Different people do not share one conversation',
  find(facts) {
    if (textAt(facts, 'session.dmScope') !== 'main') return []
    const listed = channelAccounts(facts).flatMap(({ channel, allowFrom }) => allowFrom.map((entry) => `${channel}:${entry.trim()}`))
    const paired = (facts.live?.paired ?? []).map(({ channel, sender }) => `${channel}:${sender}`)
    const owners = new Set(wordsOf(valueAt(facts, 'commands.ownerAllowFrom')))
    const owned = new Set((facts.live?.paired ?? []).filter(({ role }) => role === 'owner').map(({ channel, sender }) => `${channel}:${sender}`))
    const others = [...new Set([...listed, ...paired])].filter((person) => !owners.has(person) && !owned.has(person))
    const strangers = others.some((person) => person.endsWith(':*'))
    if (others.length === 0 || (others.length === 1 && !strangers && owners.size + owned.size === 0)) return []
    return [{
      check: 'channels.dm.scope_main_multiuser', severity: strangers ? 'critical' : 'warn', subject: 'session.dmScope',
      evidence: strangers ? 'session.dmScope is main and everyone may write: strangers read and steer your own conversation.' : `session.dmScope is main and ${others.length} other ${others.length === 1 ? 'person is' : 'people are'} let in: what one says, the next can ask for.`,
      remedy: 'Set session.dmScope to "auto": the owner keeps one conversation, everybody else has their own.',
    }]
  },
  fix: () => ({ kind: 'config', path: 'session.dmScope', value: 'auto' }),
})
