import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineCommand, exitCodes, Problem } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { proveOnMachine } from '../second-factor.ts'
import { asFields, asNumber, asText } from '../wire-fields.ts'

/** The gateway looks for it when it starts. */
const requestName = 'panic-requested'

export const panic = defineCommand({
  name: 'panic',
  summary: 'Stop everything at once, sign everybody out, keep what is found',
  topic: 'start',
  description: [
    'Stops every turn and every command with all it started, holds queues, takes back browser sign-ins, device tokens, lasting permissions and open questions, cuts what leaves by tools, and keeps evidence in a folder of its own. Nothing runs until `moltbot resume`, also over a restart. Channels stay connected.',
    'Without a running gateway the next start begins with it. --enroll prepares an authenticator app as the second factor for resuming; without one, resuming asks for a code that lies in a private file of the gateway\'s machine.',
  ].join('\n\n'),
  args: {},
  flags: {
    'rotate-token': { kind: 'boolean', summary: 'Also make a new gateway token' },
    'enroll': { kind: 'boolean', summary: 'Do not panic: enrol an authenticator app for resuming' },
    'unenroll': { kind: 'boolean', summary: 'Do not panic: take the authenticator away' },
    'code': { kind: 'text', value: 'code', summary: 'The second factor, for --enroll and --unenroll' },
  },
  json: '{incident, turns, commands, waiting, browsers, devices, grants, approvals, files, faults}, or {uri, secret, recovery}',
  examples: ['panic', 'panic --rotate-token', 'panic --enroll'],
  async run({ flags }, context) {
    const { gateway, report, terminal, machine } = context
    const { bold, green, red, yellow } = terminal.paint
    if (flags.enroll || flags.unenroll) {
      if (flags.enroll && flags.unenroll) throw new Problem('usage', '--enroll and --unenroll do not go together.')
      const code = await proveOnMachine(context, flags.code)
      const client = await gateway()
      if (flags.unenroll) {
        const answer = await client.request('panic.unenroll', { code })
        report(answer, () => `${green('✓')} The authenticator is gone. Resuming asks for the code on the gateway's machine.`)
        return exitCodes.ok
      }
      const answer = asFields(await client.request('panic.enroll', { code }))
      report(answer, () => [
        `${green('✓')} Add this to your authenticator app now; it is shown once:`, '', `  ${asText(answer['uri']) ?? ''}`, '', `  or by hand: ${bold(asText(answer['secret']) ?? '')}`, '',
        `For the day the app is lost, write this down on paper; it works once: ${bold(asText(answer['recovery']) ?? '')}`,
      ])
      return exitCodes.ok
    }
    let client
    try {
      client = await gateway()
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'gateway-unreachable') throw error
      await access(machine.stateDir).catch(() => { throw error })
      await writeFile(join(machine.stateDir, requestName), 'asked for while no gateway ran\n', { mode: 0o600 })
      report({ requested: true }, () => [`${yellow('●')} No gateway is running. The next start begins with a panic and runs nothing before \`moltbot resume\`.`, 'If one still runs that does not answer, end its process.'])
      return exitCodes.ok
    }
    const answer = asFields(await client.request('panic', flags['rotate-token'] ? { rotateToken: true } : {}, { timeoutMs: 120_000 }))
    const count = (name: string): number => asNumber(answer[name]) ?? 0
    const faults = Array.isArray(answer['faults']) ? answer['faults'].map(String) : []
    report(answer, () => [
      `${red('■')} ${bold('Everything is stopped')}: ${count('turns')} turns, ${count('commands')} commands. ${count('waiting')} messages wait.`,
      `  Taken back: ${count('browsers')} browser sign-ins, ${count('devices')} device tokens, ${count('grants')} lasting permissions, ${count('approvals')} open questions.`,
      ...(answer['tokenRotated'] === true ? ['  The gateway has a new token; this command line finds it in the configuration.'] : ['  The gateway token is as it was. If it may be known: moltbot gateway token rotate']),
      ...faults.map((fault) => red(`  Could not be done: ${printableLine(fault)}`)),
      '', `What was found: ${printableLine(asText(answer['incident']) ?? '')}`, '  Begin with README.md there.', 'To go on: moltbot resume',
    ])
    return faults.length === 0 ? exitCodes.ok : exitCodes.failed
  },
})
