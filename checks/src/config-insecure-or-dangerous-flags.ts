import { defineCheck } from '@moltbot/contract'
import { asFields, configPath } from './config-value.ts'
import type { Fields } from './config-value.ts'

/** Have checks of their own, with a better sentence. */
const elsewhere = ['gateway.controlUi.allowInsecureAuth', 'gateway.controlUi.dangerouslyDisableDeviceAuth']

export const configInsecureOrDangerousFlags = defineCheck({
  id: 'config.insecure_or_dangerous_flags',
  severity: 'warn',
  title: 'No switch that calls itself dangerous or insecure is on',
  find: (facts) => switchedOn(facts.config.effective, []).filter((path) => !elsewhere.includes(path)).map((path) => ({
    check: 'config.insecure_or_dangerous_flags', severity: 'warn', subject: path,
    evidence: 'It is on, and its name says what it is.',
    remedy: 'Set it to false, or know why not.',
  })),
  fix: (_, finding) => ({ kind: 'config', path: finding.subject, value: false }),
})

function switchedOn(fields: Fields, keys: readonly string[]): string[] {
  return Object.entries(fields).flatMap(([key, value]) => {
    const path = [...keys, key]
    if (value === true && /dangerous|insecure|unsafe|skip_?verif|disable_?(?:auth|tls|verif)/i.test(key)) return [configPath(path)]
    return switchedOn(asFields(value), path)
  })
}
