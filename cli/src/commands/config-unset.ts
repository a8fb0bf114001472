import { defineCommand, exitCodes } from '@moltbot/contract'
import { openConfig } from '../config-access.ts'
import { configPath } from '../config-path.ts'

export const configUnset = defineCommand({
  name: 'config unset',
  summary: 'Remove a setting, so that its default applies again',
  topic: 'settings',
  args: {
    path: { summary: 'Which one, like gateway.port', required: true },
  },
  flags: {},
  json: '{path, file}',
  async run({ args }, context) {
    configPath(args.path)
    const config = await openConfig(context)
    await config.unset(args.path)
    context.report({ path: args.path, file: config.file }, () => `${args.path} is no longer set in ${config.file}.`)
    return exitCodes.ok
  },
})
