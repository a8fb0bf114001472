import { setConfig, testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { peopleOwnerMissing } from './people-owner-missing.ts'

const nobody = (facts: ChangeableFacts) => void Object.assign(facts.live ?? {}, { paired: [] })
testCheck(peopleOwnerMissing, {
  faults: { 'nobody': { change: nobody, finds: [{ subject: 'commands.ownerAllowFrom' }] } },
  harmless: {
    'named in the configuration': (facts) => {
      nobody(facts)
      setConfig(facts, 'commands.ownerAllowFrom', ['network:7'])
    },
    'nothing is connected': (facts) => {
      nobody(facts)
      facts.live?.accounts.forEach((account) => void (account.state = 'needs-you'))
    },
  },
})
