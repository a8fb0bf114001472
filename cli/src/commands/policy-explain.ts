import { defineCommand, exitCodes, Problem } from '@moltbot/contract'
import { printable, printableLine } from '../printable.ts'
import { asFields, asList, asText } from '../wire-fields.ts'

export const policyExplain = defineCommand({
  name: 'policy explain',
  summary: 'What the judge would say to a call, and by which rule',
  topic: 'look',
  groupDefault: true,
  description: 'Nothing is done and nothing is asked.',
  args: {},
  flags: {
    as: { kind: 'text', value: 'person or role', summary: 'Whose turn: an id of `people list`, channel:id of a sender, or owner, admin, member, guest (default owner)' },
    tool: { kind: 'text', value: 'name', summary: 'Which tool' },
    input: { kind: 'text', value: 'JSON', summary: 'What it is called with' },
    in: { kind: 'text', value: 'place', summary: 'Where: the key of a conversation, a channel, or channel:chat' },
    agent: { kind: 'text', value: 'id', summary: 'Which agent (default main)' },
    tainted: { kind: 'boolean', summary: 'The turn has read what somebody outside wrote' },
  },
  json: '{principal, tool, effects, verdict, reason, layers, question}',
  examples: ['policy explain --as member --tool run --input \'{"command":"ls"}\'', 'policy explain --tool run --input \'{"command":"ls"}\' --tainted'],
  async run({ flags }, { gateway, report, terminal }) {
    if (flags.tool === undefined) throw new Problem('usage', 'Which tool?', { next: 'Name one: moltbot policy explain --tool run' })
    const answer = asFields(await (await gateway()).request('policy.explain', {
      as: flags.as ?? 'owner', tool: flags.tool, input: inputOf(flags.input), tainted: flags.tainted, ...(flags.in === undefined ? {} : { session: flags.in }), ...(flags.agent === undefined ? {} : { agentId: flags.agent }),
    }))
    report(answer, () => {
      const question = asText(answer['question'])
      return [
        `${terminal.paint.bold(asText(answer['verdict']) ?? '?')}: ${printableLine(asText(answer['reason']) ?? '')}`,
        ...asList(answer['layers']).map((layer) => `  ${(asText(layer['says']) ?? '').padEnd(5)} ${printableLine(asText(layer['layer']) ?? '')}: ${printableLine(asText(layer['why']) ?? '')}`),
        ...(question === undefined ? [] : ['', 'It would be asked:', ...printable(question).split('\n').map((line) => `  ${line}`)]),
      ]
    })
    return exitCodes.ok
  },
})

function inputOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {}
  try {
    const value = JSON.parse(text) as unknown
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below, together with what is JSON but no object.
  }
  throw new Problem('usage', 'The input is not a JSON object.', { next: 'Write it like this: --input \'{"command":"ls"}\'' })
}
