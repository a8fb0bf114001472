import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { openConfig } from '../config-access.ts'
import { configPath } from '../config-path.ts'
import { printable } from '../printable.ts'
import { asFields } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

export const configSchema = defineCommand({
  name: 'config schema',
  summary: 'What can be set: the JSON Schema of the configuration, or of one part',
  topic: 'settings',
  args: {
    path: { summary: 'Only this part, like channels.telegram' },
  },
  flags: {},
  json: 'JSON Schema',
  async run({ args }, context) {
    const config = await openConfig(context)
    const whole = await config.schema()
    const part = args.path === undefined ? whole : partAt(whole, configPath(args.path))
    if (part === undefined) throw new Problem('config-unknown', `There is no setting "${args.path ?? ''}".`, { next: 'See all of them with: moltbot config schema' })
    context.report(part, () => printable(JSON.stringify(part, null, 2)))
    return exitCodes.ok
  },
})

function partAt(schema: Fields, keys: readonly string[]): Fields | undefined {
  let part: Fields | undefined = schema
  for (const key of keys) {
    const properties = asFields(part['properties'])
    const next: unknown = Object.hasOwn(properties, key) ? properties[key] : (Object.values(asFields(part['patternProperties']))[0] ?? part['additionalProperties'])
    if (typeof next !== 'object' || next === null) return undefined
    part = asFields(next)
  }
  return part
}
