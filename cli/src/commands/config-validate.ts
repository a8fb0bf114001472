import { defineCommand, exitCodes } from '@moltbot/contract'
import { openConfig } from '../config-access.ts'
import { printableLine } from '../printable.ts'

export const configValidate = defineCommand({
  name: 'config validate',
  summary: 'Check the configuration file; names line and column of what is wrong',
  topic: 'settings',
  description: 'Exits 1 when there are errors; warnings alone are fine. Works also while the gateway is not running.',
  args: {},
  flags: {},
  json: '{valid, file, issues: [{path, file?, line, column, message, severity}]}',
  async run(_, context) {
    const config = await openConfig(context)
    const issues = await config.validate()
    const valid = issues.every((issue) => issue.severity !== 'error')
    const { green, red, yellow } = context.terminal.paint
    context.report({ valid, file: config.file, issues }, () => [
      ...issues.map((issue) => {
        const file = issue.file ?? config.file
        const place = issue.line > 0 ? `${file}:${issue.line}:${issue.column}` : file
        return `${issue.severity === 'error' ? red('error') : yellow('warning')}  ${place}  ${printableLine(issue.message)}`
      }),
      valid ? `${green('✓')} ${config.file} is valid${issues.length === 0 ? '' : ', with warnings'}.` : `${red('✗')} The sections with errors run on their last good or default values.`,
    ])
    return valid ? exitCodes.ok : exitCodes.failed
  },
})
