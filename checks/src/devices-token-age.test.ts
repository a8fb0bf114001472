import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { devicesTokenAge } from './devices-token-age.ts'

const aged = (days: number | null, scopes = ['operator.admin']) => (facts: ChangeableFacts): void => facts.live?.devices.forEach((device) => Object.assign(device, { tokenAt: days === null ? null : facts.takenAt - days * 86_400_000, scopes }))
testCheck(devicesTokenAge, {
  faults: {
    'two hundred days': { change: aged(200), finds: [{ subject: 'd1', severity: 'info', evidence: /200 days ago/ }] }, 'more than a year': { change: aged(400), finds: [{ subject: 'd1', severity: 'warn' }] },
    'more than a year, of one that only reads': { change: aged(400, ['operator.read']), finds: [{ subject: 'd1', severity: 'info' }] },
  },
  harmless: { 'half a year to the day': aged(180), 'no token': aged(null), 'unknown': () => undefined },
})
