import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { browsersOld } from './browsers-old.ts'

const browsers = (count: number, days: number) => (facts: ChangeableFacts) => void Object.assign(facts.live ?? {}, { browsers: { count, oldestAt: facts.takenAt - days * 86_400_000 } })
testCheck(browsersOld, {
  faults: { 'many': { change: browsers(11, 1), finds: [{ subject: 'browsers', evidence: /11 browsers are signed in, the oldest for 1 day\./ }] }, 'old': { change: browsers(1, 45), finds: [{ subject: 'browsers', evidence: /45 days/ }] } },
  harmless: { 'ten this month': browsers(10, 30) },
})
