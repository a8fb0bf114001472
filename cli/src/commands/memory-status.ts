import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const memoryStatus = defineCommand({
  name: 'memory status',
  summary: 'The files in which the assistant keeps what you told it',
  topic: 'look',
  groupDefault: true,
  args: {},
  flags: { agent: { kind: 'text', value: 'id', summary: 'Which agent; absent: the default one' } },
  json: 'the gateway\'s `memory.status`',
  async run({ flags }, { gateway, report }) {
    const client = await gateway()
    const found = asFields(await client.request('memory.status', flags.agent === undefined ? {} : { agentId: flags.agent }))
    report(found, () => {
      const files = asList(found['files'])
      if (files.length === 0) return 'Nothing is noted yet.'
      return [...files.map((file) => `${printableLine(asText(file['path']) ?? '')} (${asNumber(file['bytes']) ?? 0} bytes)`), `${asNumber(found['lines']) ?? 0} lines can be found.`]
    })
    return exitCodes.ok
  },
})
