import { defineCommand, exitCodes, type SandboxProbe } from '@moltbot/contract'
import { printable } from '../printable.ts'

export const sandboxTest = defineCommand({
  name: 'sandbox test',
  summary: 'Prove the isolation of commands by trying to break out',
  topic: 'look',
  description: 'Runs real programs in the sandbox that try to read keys, write elsewhere, reach the network, see other processes and gain privileges. Changes nothing.\n\nExits 0 when everything held, else 1.',
  args: {},
  flags: { agent: { kind: 'text', value: 'id', summary: 'For this agent, which may have settings of its own' } },
  json: '{probes: [{id, what, held, saw}]}; held null: it could not be tried here',
  async run({ flags }, context) {
    const { probes } = (await (await context.gateway()).request('sandbox.test', flags.agent === undefined ? {} : { agentId: flags.agent }, { timeoutMs: 120_000 })) as { probes: SandboxProbe[] }
    context.report({ probes }, () => {
      const { paint } = context.terminal
      const marks = { true: paint.green('✓'), false: paint.red('✗'), null: paint.yellow('?') }
      const failed = probes.filter(({ held }) => held === false).length
      return [
        ...probes.map(({ id, what, held, saw }) => `${marks[`${held}`]} ${id}  ${printable(what)}${held === true ? '' : `: ${printable(saw)}`}`),
        failed === 0 ? `Nothing got out of ${probes.length} attempts.` : paint.red(`${failed} of ${probes.length} attempts got out. Do not let agents run commands until this is mended: moltbot sandbox explain`),
      ]
    })
    return probes.some(({ held }) => held === false) ? exitCodes.failed : exitCodes.ok
  },
})
