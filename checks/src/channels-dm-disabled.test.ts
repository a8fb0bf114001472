import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsDmDisabled } from './channels-dm-disabled.ts'

testCheck(channelsDmDisabled, { faults: { 'off': { change: (facts) => setConfig(facts, 'channels.network.dmPolicy', 'disabled'), finds: [{ subject: 'channels.network' }] } } })
