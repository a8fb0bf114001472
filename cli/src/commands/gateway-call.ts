import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { nearestName } from '../nearest-name.ts'
import { printable } from '../printable.ts'
import type { Fields } from '../wire-fields.ts'

export const gatewayCall = defineCommand({
  name: 'gateway call',
  summary: 'Call one method of the gateway and print its answer',
  topic: 'shell',
  args: {
    method: { summary: 'The method, like health or sessions.list', required: true },
  },
  flags: {
    params: { kind: 'text', value: 'json', summary: 'Its parameters as a JSON object; "-" reads them from standard input' },
    'expect-final': { kind: 'boolean', summary: 'Wait for the second answer of methods that answer twice' },
    timeout: { kind: 'number', value: 'seconds', summary: 'How long to wait (default 10; 600 with --expect-final)', min: 1, max: 86_400 },
  },
  json: 'the answer itself, as without it',
  examples: ['gateway call health', `gateway call sessions.list --params '{"limit":5}'`],
  async run({ args, flags }, { gateway, terminal }) {
    const params = readParams(flags.params === '-' ? await terminal.readInput() : flags.params)
    const client = await gateway()
    if (client.methods.length > 0 && !client.methods.includes(args.method)) {
      const near = nearestName(args.method, client.methods)
      if (near !== undefined) terminal.note(`The gateway does not list "${args.method}". Did you mean "${near}"?`)
    }
    const timeoutMs = (flags.timeout ?? (flags['expect-final'] ? 600 : 10)) * 1_000
    const answer = flags['expect-final'] ? await client.requestFinal(args.method, params, { timeoutMs }) : await client.request(args.method, params, { timeoutMs })
    // JSON escapes control characters by itself, all but these.
    terminal.out(`${printable(JSON.stringify(answer, null, 2) ?? 'null')}\n`)
    return exitCodes.ok
  },
})

function readParams(text: string | undefined): Fields {
  if (text === undefined || text.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Problem('usage', `--params is not JSON: ${error instanceof Error ? error.message : String(error)}.`, { next: `Quote it like '{"limit":5}'.` })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Problem('usage', '--params must be a JSON object.', { next: `Write it like '{"limit":5}'.` })
  return value as Fields
}
