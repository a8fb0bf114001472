import { setConfig, testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { channelsDmScopeMainMultiuser } from './channels-dm-scope-main-multiuser.ts'

const subject = 'session.dmScope'
const shared = (allowFrom: unknown[]) => (facts: ChangeableFacts): void => {
  setConfig(facts, 'session.dmScope', 'main')
  setConfig(facts, 'channels.network.allowFrom', allowFrom)
}
testCheck(channelsDmScopeMainMultiuser, {
  faults: {
    'two people': { change: shared([8, 9]), finds: [{ subject, severity: 'warn', evidence: /2 other people/ }], mended: true },
    'everyone': { change: shared(['*']), finds: [{ subject }], mended: true },
    'one more was paired': {
      change(facts) {
        setConfig(facts, 'session.dmScope', 'main')
        facts.live?.paired.push({ channel: 'network', account: 'default', sender: '8', role: 'member', since: 0 })
      },
      finds: [{ subject, severity: 'warn', evidence: /1 other person/ }], mended: true,
    },
  },
  harmless: {
    'only the owner': shared([7]),
    'one person, no owner known yet': (facts) => {
      shared([7])(facts)
      facts.live = null
    },
  },
})
