import { Problem, defineSection, describeError, mainAgent, type AgentId, type ExpectationResult, type Tool } from '@moltbot/contract'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { sampleInputs } from './sample-input.ts'
import type { PolicyDoor } from './types.ts'

const says = Type.Union([Type.Literal('allow'), Type.Literal('ask'), Type.Literal('deny')])
const text = (description: string) => Type.String({ minLength: 1, maxLength: 300, description })

/** One thing the owner expects of the judge, in the words of `moltbot policy explain`. */
const expectationSchema = Type.Object({
  as: text('Whose turn: an id of `moltbot people list`, `channel:id` of a sender, or owner, admin, member, guest.'),
  tool: text('Which tool.'),
  in: Type.Optional(text('Where: the key of a conversation, or a chat as `channel:id`; `channel` alone is one without rules of its own. Absent: in a conversation of their own.')),
  agent: Type.Optional(text('Which agent. Absent: main.')),
  input: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'What the tool is called with. Absent: it holds for every kind of call the tool knows.' })),
  tainted: Type.Optional(Type.Boolean({ description: 'True: after the turn has read what somebody outside wrote. False or absent: before.' })),
  expect: Type.Union([says, Type.Array(says, { minItems: 1, maxItems: 3 })], { description: 'What the judge must say: `allow`, `ask`, `deny`, or a list of those that are all right.' }),
  why: Type.Optional(Type.String({ maxLength: 300, description: 'A word to whoever breaks it.' })),
}, { additionalProperties: false })
export type Expectation = Static<typeof expectationSchema>

/** What the owner expects of every configuration. */
export const policySection = defineSection({
  path: 'policy',
  title: 'What must stay so, whatever is changed',
  reload: 'hot',
  schema: Type.Object({
    expectations: Type.Array(expectationSchema, {
      default: [], maxItems: 1_000,
      description: 'Rows that every change is held to: one that contradicts a row is not taken. Whoever may change this file may change them with it; rows in `policy-expectations.json5` beside it can only be changed there.',
    }),
  }, { default: {} }),
})

/** A row as it was found, with words for its place. */
export interface PlacedExpectation { value: unknown; where: string }

const checker = Compile(expectationSchema)

/** Holds each row against what the judge would say. Never rejects: a row that cannot be asked is one that does not hold. */
export async function testExpectations(rows: readonly PlacedExpectation[], policy: Pick<PolicyDoor, 'explain'>, shelf: { tools: readonly Tool[]; checkInput(tool: Tool, input: unknown): string | undefined }): Promise<ExpectationResult[]> {
  const results: ExpectationResult[] = []
  for (const { value, where } of rows) results.push(await testOne(value, where))
  return results

  async function testOne(value: unknown, where: string): Promise<ExpectationResult> {
    if (!checker.Check(value)) {
      const [error] = checker.Errors(value)
      return { where, words: 'a row that cannot be read', ok: false, said: null, because: `${error?.instancePath === undefined || error.instancePath === '' ? 'the row' : error.instancePath.slice(1)} ${error?.message ?? 'is not right'}`, why: null }
    }
    const row: Expectation = value
    const wanted = typeof row.expect === 'string' ? [row.expect] : row.expect
    const result = { where, words: wordsOf(row, wanted), why: row.why ?? null }
    try {
      const tool = shelf.tools.find((each) => each.name === row.tool || each.aliases?.includes(row.tool) === true)
      if (tool === undefined) throw new Problem('tool-unknown', `There is no tool "${row.tool}".`)
      const wrong = row.input === undefined ? undefined : shelf.checkInput(tool, row.input)
      if (wrong !== undefined) throw new Problem('input-unfit', `What ${tool.name} is called with does not fit: ${wrong}.`)
      const inputs = row.input === undefined ? sampleInputs(tool, (input) => shelf.checkInput(tool, input) === undefined) : [row.input]
      if (inputs.length === 0) throw new Problem('input-needed', `Say with "input" what ${tool.name} is called with.`)
      let said: ExpectationResult['said'] = null
      let because = ''
      for (const input of inputs) {
        const answer = await policy.explain({ as: row.as, tool: tool.name, input, agent: (row.agent ?? mainAgent) as AgentId, tainted: row.tainted === true, ...(row.in === undefined ? {} : { in: row.in }) })
        said = answer.verdict
        because = answer.verdict === 'allow' ? answer.layers.map(({ layer }) => layer).join(', ') : answer.reason
        if (!wanted.includes(answer.verdict)) return { ...result, ok: false, said, because }
      }
      return { ...result, ok: true, said, because }
    } catch (error) {
      // Somebody nobody knows can do nothing here.
      if (error instanceof Problem && error.code === 'person-unknown') return { ...result, ok: wanted.includes('deny'), said: 'deny', because: error.message }
      return { ...result, ok: false, said: null, because: error instanceof Problem ? error.message : describeError(error) }
    }
  }
}

const verbs = { allow: 'may use', ask: 'is asked before using', deny: 'may not use' } as const

function wordsOf({ as, tool, in: place, agent, input, tainted }: Expectation, wanted: readonly ('allow' | 'ask' | 'deny')[]): string {
  const given = input === undefined ? '' : ` with ${JSON.stringify(input).slice(0, 120)}`
  return `${as} ${wanted.map((each) => verbs[each]).join(' or ')} ${tool}${given}${place === undefined ? '' : ` in ${place}`}${agent === undefined ? '' : ` as ${agent}`}${tainted === true ? ' after strangers\' words' : ''}`
}
