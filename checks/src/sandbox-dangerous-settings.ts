import { defineCheck } from '@moltbot/contract'
import { asFields, asList } from './config-value.ts'

const at = 'agents.defaults.sandbox'

/** Settings of other programs of this family that open a sandbox there. Here they have no effect; whoever wrote them should know. */
export const sandboxDangerousSettings = defineCheck({
  id: 'sandbox.dangerous_settings',
  severity: 'info',
  title: 'No setting asks for a weaker sandbox',
  find(facts) {
    const sandbox = asFields(asFields(asFields(facts.config.written['agents'])['defaults'])['sandbox'])
    const docker = asFields(sandbox['docker'])
    const asked: [string, boolean][] = [
      ['mode', sandbox['mode'] === 'off' || sandbox['mode'] === 'non-main'], ['docker.binds', asList(docker['binds']).length > 0], ['docker.network', 'network' in docker && docker['network'] !== 'none'],
      ['docker.seccompProfile', 'seccompProfile' in docker], ['docker.apparmorProfile', 'apparmorProfile' in docker], ['docker.capDrop', 'capDrop' in docker && !asList(docker['capDrop']).includes('ALL')],
      ['docker.readOnlyRoot', docker['readOnlyRoot'] === false], ['docker.user', docker['user'] === 'root' || docker['user'] === '0:0'],
    ]
    return asked.filter(([, is]) => is).map(([name]) => ({
      check: 'sandbox.dangerous_settings', severity: 'info' as const, subject: `${at}.${name}`, evidence: 'It asks for a weaker sandbox and has no effect here: what commands see is computed, not configured.', remedy: `Take ${at}.${name} out of the configuration.`,
    }))
  },
})
