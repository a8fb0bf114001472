import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsAddressInsecure } from './channels-address-insecure.ts'

const subject = 'channels.network.apiRoot'
testCheck(channelsAddressInsecure, {
  faults: { 'plain http elsewhere': { change: (facts) => setConfig(facts, subject, 'http://bots.example.org'), finds: [{ subject }] } },
  harmless: { 'a server on this machine': (facts) => setConfig(facts, subject, 'http://127.0.0.1:8081'), 'https': (facts) => setConfig(facts, subject, 'https://bots.example.org') },
})
