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
  json: '{path, file, changed}',
  async run({ args }, context) {
    configPath(args.path)
    const config = await openConfig(context)
    const changed = await config.unset(args.path)
    context.report({ path: args.path, file: config.file, changed }, () => (changed ? `${args.path} is no longer set in ${config.file}.` : `${args.path} is not set in ${config.file}; nothing was changed.`))
    return exitCodes.ok
  },
})
