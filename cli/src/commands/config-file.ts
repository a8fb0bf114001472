import { defineCommand, exitCodes } from '@moltbot/contract'
import { openConfig } from '../config-access.ts'

export const configFile = defineCommand({
  name: 'config file',
  summary: 'Print where the configuration file is (or would be)',
  topic: 'settings',
  args: {},
  flags: {},
  json: '{file}',
  async run(_, context) {
    const { file } = await openConfig(context)
    context.report({ file }, () => file)
    return exitCodes.ok
  },
})
