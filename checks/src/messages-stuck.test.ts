import { testCheck } from '@moltbot/contract/testing'
import { messagesStuck } from './messages-stuck.ts'

testCheck(messagesStuck, {
  faults: { 'three': { change: (facts) => void Object.assign(facts.live ?? {}, { messages: { open: 4, stuck: 3 } }), finds: [{ subject: 'messages', evidence: /^3 / }] } },
  harmless: { 'at work': (facts) => void Object.assign(facts.live ?? {}, { messages: { open: 4, stuck: 0 } }) },
})
