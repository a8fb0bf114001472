import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { openConfig } from '../config-access.ts'
import { configPath } from '../config-path.ts'
import { configValue } from '../config-value.ts'
import { printable } from '../printable.ts'

export const configSet = defineCommand({
  name: 'config set',
  summary: 'Change a setting; comments in the file stay',
  topic: 'settings',
  description: 'The value is read as JSON5 where it is some (true, 42, ["a"], {a: 1}), else as text. It is checked before anything is written. Works also while the gateway is not running.\n\nKeys and tokens belong in secrets.env rather than here; "moltbot onboard" puts them there.',
  args: {
    path: { summary: 'Which one, like gateway.port', required: true },
    value: { summary: 'The new value', required: true },
  },
  flags: {
    text: { kind: 'boolean', summary: 'Take the value as text, also when it looks like a number' },
  },
  json: '{path, value, file}',
  examples: ['config set gateway.port 19000', 'config set channels.telegram.allowFrom \'["12345"]\'', 'config set agents.defaults.model.primary ollama/llama3.2'],
  async run({ args, flags }, context) {
    configPath(args.path)
    const value = flags.text ? args.value : await configValue(args.value, 'Correct it, or pass --text to take it as text.')
    if (value === null) throw new Problem('usage', 'A setting cannot be null.', { next: `Remove it with: moltbot config unset ${args.path}` })
    const config = await openConfig(context)
    await config.set(args.path, value)
    const warnings = (await config.validate()).filter((issue) => issue.path === args.path || issue.path.startsWith(`${args.path}.`)).map((issue) => issue.message)
    for (const warning of warnings) context.terminal.note(context.terminal.paint.yellow(printable(warning)))
    context.report({ path: args.path, value, file: config.file, warnings }, () => `${args.path} is set in ${config.file}${config.through === 'file' ? '; the gateway reads it at its next start' : ''}.`)
    return exitCodes.ok
  },
})
