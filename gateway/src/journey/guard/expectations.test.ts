import { expect, it } from 'vitest'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { defineTool, type Effect, type Principal, type Tool } from '@moltbot/contract'
import { testExpectations } from './expectations.ts'
import { createPolicy } from './policy.ts'
import { ruleOn } from './rules.ts'
import { sampleInputs } from './sample-input.ts'

const tool = (name: string, input: Tool['input'], effects: (input: never) => Effect[]): Tool => defineTool({ name, description: name, input, needs: [], effects, summarize: () => `do ${name}`, run: async () => ({ content: [] }) }) as unknown as Tool
const tools = [
  tool('run', Type.Object({ command: Type.String({ minLength: 1 }) }), () => [{ kind: 'runs-code', what: 'ls' }]),
  tool('note', Type.Object({ action: Type.Enum(['list', 'tell']), to: Type.Optional(Type.String()) }), (({ action }: { action: string }) => (action === 'tell' ? [{ kind: 'sends', to: 'somebody' }] : [{ kind: 'reads-private', what: 'n' }])) as never),
  tool('odd', Type.Object({ code: Type.String({ pattern: '^[0-9]{4}$' }) }), () => [{ kind: 'reads-private', what: 'o' }]),
]
const checkInput = (each: Tool, input: unknown): string | undefined => (Compile(each.input).Check(input) ? undefined : 'it is not right')
const policy = createPolicy({
  wouldRule: async (principal: Principal, action) => ruleOn(principal, action), principal: async () => undefined, people: async () => [], tools, checkInput,
  toolsOf: (_agent, where) => tools.map((each) => ({ tool: each, removedBy: where === 'telegram' && each.name === 'run' ? 'the channel' : null })),
})
const test = async (value: unknown) => (await testExpectations([{ value, where: 'line 1' }], policy, { tools, checkInput }))[0]

it.each<[string, unknown, boolean, string | null]>([
  ['a guest may not run', { as: 'guest', tool: 'run', expect: 'deny' }, true, 'deny'],
  ['the owner may run', { as: 'owner', tool: 'run', expect: 'allow' }, true, 'allow'],
  ['but not without a question after strangers\' words', { as: 'owner', tool: 'run', tainted: true, expect: ['ask', 'deny'] }, true, 'ask'],
  ['a row that does not hold', { as: 'owner', tool: 'run', expect: 'deny' }, false, 'allow'],
  ['the place counts', { as: 'owner', tool: 'run', in: 'telegram', expect: 'deny' }, true, 'deny'],
  ['without an input every kind of call counts: one of them is asked about', { as: 'owner', tool: 'note', expect: 'allow' }, false, 'ask'],
  ['with one, only this', { as: 'owner', tool: 'note', input: { action: 'list' }, expect: 'allow' }, true, 'allow'],
  ['an input that does not fit is no denial', { as: 'guest', tool: 'run', input: { comand: 'ls' }, expect: 'deny' }, false, null],
  ['a tool that is misspelt is no denial', { as: 'guest', tool: 'rum', expect: 'deny' }, false, null],
  ['a tool that cannot be guessed needs an input', { as: 'guest', tool: 'odd', expect: 'deny' }, false, null],
  ['and holds with one', { as: 'guest', tool: 'odd', input: { code: '1234' }, expect: 'deny' }, true, 'deny'],
  ['somebody unknown can do nothing', { as: 'nobody', tool: 'run', expect: 'deny' }, true, 'deny'],
  ['and nothing can be expected of them', { as: 'nobody', tool: 'run', expect: 'allow' }, false, 'deny'],
  ['a row that cannot be read does not hold', { as: 'guest', tool: 'run', expects: 'deny' }, false, null],
  ['nor does one that is no object', 'a guest may not run', false, null],
])('%s', async (_name, row, ok, said) => {
  expect(await test(row)).toMatchObject({ ok, said })
})

it('says in words what was expected and what decides', async () => {
  expect(await test({ as: 'member', tool: 'run', in: 'telegram', agent: 'work', tainted: true, expect: ['allow', 'ask'], why: 'she works with it' })).toEqual({
    where: 'line 1', words: 'member may use or is asked before using run in telegram as work after strangers\' words', ok: false, said: 'deny', because: 'the agent work does not have run there: the channel takes it away', why: 'she works with it',
  })
})

it('makes up inputs that fit, one for each kind of call', () => {
  const fits = (each: Tool) => (input: unknown) => checkInput(each, input) === undefined
  expect(tools.map((each) => sampleInputs(each, fits(each)))).toEqual([[{ command: 'example' }], [{ action: 'list' }, { action: 'tell' }], []])
})
