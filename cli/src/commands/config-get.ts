import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { openConfig } from '../config-access.ts'
import { configPath } from '../config-path.ts'
import { nearestName } from '../nearest-name.ts'
import { printable } from '../printable.ts'
import { asFields } from '../wire-fields.ts'

export const configGet = defineCommand({
  name: 'config get',
  summary: 'Print a setting, or all of them, with defaults applied',
  topic: 'settings',
  description: 'Secrets are masked. Works also while the gateway is not running.',
  args: {
    path: { summary: 'Which one, like gateway.port' },
  },
  flags: {},
  json: 'the value',
  examples: ['config get', 'config get agents.defaults.model.primary'],
  async run({ args }, context) {
    const config = await openConfig(context)
    const value = await config.get(args.path)
    if (value === undefined) throw await unsetProblem(args.path ?? '', config.get)
    context.report(value, () => printable(typeof value === 'string' ? value : JSON.stringify(value, null, 2)))
    return exitCodes.ok
  },
})

async function unsetProblem(path: string, get: (path?: string) => Promise<unknown>): Promise<Problem> {
  const keys = configPath(path)
  const last = keys.pop() ?? ''
  const siblings = Object.keys(asFields(keys.length === 0 ? await get() : await get(keys.join('.'))))
  const near = nearestName(last, siblings)
  return new Problem('config-unset', `"${path}" is not set and has no default.`, { next: near === undefined ? 'See what there is with: moltbot config get' : `Did you mean "${[...keys, near].join('.')}"?` })
}
