import { defineCheck } from '@moltbot/contract'
import { channelAccounts } from './channel-accounts.ts'
import { valueAt, wordsOf } from './config-value.ts'

export const peopleOwnerMissing = defineCheck({
  id: 'people.owner_missing',
  severity: 'warn',
  title: 'On connected networks the gateway knows who you are',
  needs: 'live',
  find(facts) {
    const connected = new Set((facts.live?.accounts ?? []).filter(({ state }) => state === 'connected').map(({ channel }) => channel))
    const known = (facts.live?.paired ?? []).some(({ role }) => role === 'owner') || wordsOf(valueAt(facts, 'commands.ownerAllowFrom')).length > 0
    if (known || !channelAccounts(facts).some(({ channel }) => connected.has(channel))) return []
    return [{
      check: 'people.owner_missing', severity: 'warn', subject: 'commands.ownerAllowFrom',
      evidence: 'A network is connected and nobody there is the owner: the first person you approve becomes it.',
      remedy: 'Write to the assistant yourself first and approve your own code: moltbot pairing list',
    }]
  },
})
