import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { vaultKeyAge } from './vault-key-age.ts'

const aged = (days: number) => (facts: ChangeableFacts): void => facts.files.filter(({ role }) => role === 'vault-key').forEach((file) => void (file.modifiedAt = facts.takenAt - days * 86_400_000))
const subject = '/home/ana/.config/moltbot/vault.key'
testCheck(vaultKeyAge, {
  faults: { 'four hundred days': { change: aged(400), finds: [{ subject, severity: 'info', evidence: /400 days/ }] }, 'more than two years': { change: aged(800), finds: [{ subject, severity: 'warn' }] } },
  harmless: { 'a year to the day': aged(365), 'a key that is no file': (facts) => void (facts.files = facts.files.filter(({ role }) => role !== 'vault-key')) },
})
