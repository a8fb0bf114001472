import { defineCommand, exitCodes, type Paint, type SandboxFacts } from '@moltbot/contract'
import { printable } from '../printable.ts'

export const sandboxExplain = defineCommand({
  name: 'sandbox explain',
  summary: 'Say how commands are isolated from this machine',
  topic: 'look',
  description: 'What isolates, what holds inside, what is weaker on this machine, and, where nothing isolates, the one command that mends it. Commands are never run without isolation.\n\nExits 0 when commands can be run, else 1.',
  args: {},
  flags: { agent: { kind: 'text', value: 'id', summary: 'For this agent, which may have settings of its own' } },
  json: '{backend, available, reason, remedy, scope, workspaceAccess, network, promises, weaker, profile, browser?}',
  async run({ flags }, context) {
    const facts = (await (await context.gateway()).request('sandbox.explain', flags.agent === undefined ? {} : { agentId: flags.agent }, { timeoutMs: 30_000 })) as SandboxFacts
    context.report(facts, () => {
      const { paint } = context.terminal
      const access = { rw: 'the agent\'s workspace, which they may change', ro: 'the agent\'s workspace, in which nothing can be changed', none: `a scratch workspace of ${{ session: 'each conversation', agent: 'each agent', shared: 'all agents' }[facts.scope]}` }[facts.workspaceAccess]
      return [
        facts.available ? `${paint.green('✓')} Commands run in ${facts.backend}.` : `${paint.red('✗')} Commands are not run. ${printable(facts.reason ?? '')}`,
        ...(facts.remedy === null ? [] : [`  Mend it with: ${paint.bold(printable(facts.remedy))}`]),
        `  They see ${access}.`, ...facts.promises.map((line) => `  • ${printable(line)}`), ...facts.weaker.map((line) => `  ${paint.yellow('!')} ${printable(line)}`), ...browserLines(facts, paint), paint.dim(`  Profile ${facts.profile.slice(0, 16)}`),
      ]
    })
    return facts.available ? exitCodes.ok : exitCodes.failed
  },
})

function browserLines({ browser }: SandboxFacts, paint: Paint): string[] {
  if (browser === undefined) return []
  if (browser.available) return [`${paint.green('✓')} Agents can have a browser, isolated the same way.`]
  return [`${paint.yellow('!')} Agents have no browser. ${printable(browser.reason ?? '')}`, ...(browser.remedy === null ? [] : [`  Mend it with: ${paint.bold(printable(browser.remedy))}`])]
}
