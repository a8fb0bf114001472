import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asList, asText } from '../wire-fields.ts'

export const toolsList = defineCommand({
  name: 'tools list',
  summary: 'Which tools an agent has, and what took the others away',
  topic: 'look',
  groupDefault: true,
  args: {},
  flags: {
    agent: { kind: 'text', value: 'id', summary: 'Which agent; absent: the default one' },
    as: { kind: 'text', value: 'person', summary: 'In whose hands: somebody\'s id (moltbot people list) or a role; absent: yours' },
  },
  json: 'the gateway\'s `tools.list`',
  examples: ['tools list', 'tools list --agent work --as member'],
  async run({ flags }, { gateway, report, terminal }) {
    const client = await gateway()
    const found = asFields(await client.request('tools.list', { ...(flags.agent === undefined ? {} : { agentId: flags.agent }), ...(flags.as === undefined ? {} : { as: flags.as }) }))
    report(found, () => {
      const { paint } = terminal
      const tools = asList(found['tools']).map((tool) => {
        const removedBy = asText(tool['removedBy'])
        const name = printableLine(asText(tool['name']) ?? '')
        return removedBy === undefined ? `${paint.green('✓')} ${name.padEnd(14)} ${printableLine(asText(tool['description']) ?? '')}` : `${paint.red('✗')} ${name.padEnd(14)} taken away by ${printableLine(removedBy)}`
      })
      const unknown = asList(found['unknown']).map((each) => `${paint.yellow('!')} ${printableLine(asText(each['list']) ?? '')} names "${printableLine(asText(each['name']) ?? '')}", which does not exist.`)
      return [`The agent ${printableLine(asText(found['agentId']) ?? '')} for ${printableLine(asText(found['as']) ?? '')}:`, ...tools, ...unknown]
    })
    return exitCodes.ok
  },
})
