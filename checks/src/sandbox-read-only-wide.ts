import { defineCheck } from '@moltbot/contract'
import { valueAt, wordsOf } from './config-value.ts'

const key = 'agents.defaults.sandbox.readOnly'
/** Where people, services and the system keep what is nobody else's. */
const never = ['/etc', '/home', '/root', '/var', '/run', '/proc', '/sys', '/dev', '/boot', '/tmp', '/mnt', '/media', '/Users', '/private']

export const sandboxReadOnlyWide = defineCheck({
  id: 'sandbox.read_only_wide',
  severity: 'critical',
  title: 'Commands are given no folder of people or of the system to read',
  find(facts) {
    const steps = (path: string): string[] => path.split('/').filter((step) => step !== '')
    const within = (inner: string, outer: string): boolean => steps(outer).every((step, index) => steps(inner)[index] === step)
    return wordsOf(valueAt(facts, key)).flatMap((path) => {
      const shows = path.startsWith('/') ? [...never, facts.home, facts.stateDir].find((each) => within(path, each) || within(each, path)) : 'a place that depends on where it starts'
      return shows === undefined ? [] : [{
        check: 'sandbox.read_only_wide', severity: 'critical' as const, subject: key, evidence: `${path} would show ${shows} to every command. The gateway refuses, and runs no commands until it is gone.`,
        remedy: `Take ${path} out of ${key}; name only folders with programs, such as /opt/go.`,
      }]
    })
  },
})
