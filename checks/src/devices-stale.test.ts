import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { devicesStale } from './devices-stale.ts'

const unused = (days: number, scopes = ['operator.admin']) => (facts: ChangeableFacts) => facts.live?.devices.forEach((device) => Object.assign(device, { approvedAt: 0, lastUsedAt: facts.takenAt - days * 86_400_000, scopes }))
testCheck(devicesStale, {
  faults: { 'an administrator’s': { change: unused(120), finds: [{ subject: 'd1', evidence: /120 days/ }] }, 'one that only reads': { change: unused(120, ['operator.read']), finds: [{ subject: 'd1', severity: 'info' }] } },
  harmless: { 'last month': unused(30), 'never used, but new': (facts) => facts.live?.devices.forEach((device) => void (device.lastUsedAt = null)) },
})
