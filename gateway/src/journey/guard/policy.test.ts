import { expect, it } from 'vitest'
import { Type } from 'typebox'
import { defineTool, type AgentId, type Principal, type PrincipalId, type Tool } from '@moltbot/contract'
import { createPolicy } from './policy.ts'
import { ruleOn } from './rules.ts'

const tool = (name: string, effects: Tool['effects']): Tool => defineTool({ name, description: name, input: Type.Object({}), needs: [], effects, summarize: () => `do ${name}`, run: async () => ({ content: [] }) }) as unknown as Tool
const shelf = [tool('run', () => [{ kind: 'runs-code', what: 'ls' }]), tool('read', () => [{ kind: 'reads-private', what: 'f' }]), tool('gone', () => [])]
const ann: Principal = { id: 'pr_ann' as PrincipalId, role: 'member' }
const policy = createPolicy({
  wouldRule: async (principal, action) => ruleOn(principal, action), principal: async (id) => [ann, { id: 'owner' as PrincipalId, role: 'owner' as const }].find((each) => each.id === id),
  people: async () => [{ ...ann, name: 'Ann', senders: [{ channel: 'telegram', sender: '7' }] }], tools: shelf, toolsOf: (_agent, where) => shelf.map((each) => ({ tool: each, removedBy: each.name === 'gone' ? 'tools.deny' : where === 'telegram:-1' && each.name === 'read' ? 'the group' : null })), checkInput: (_tool, input) => ((input as { wrong?: boolean }).wrong === true ? 'it is wrong' : undefined),
})
const explain = (as: string, name: string, more: { tainted?: boolean; input?: unknown } = {}) => policy.explain({ as, tool: name, input: more.input ?? {}, agent: 'main' as AgentId, tainted: more.tainted ?? false })

it.each<[string, string, boolean, string]>([
  ['owner', 'run', false, 'allow'], ['owner', 'run', true, 'ask'], ['pr_ann', 'run', false, 'deny'], ['member', 'read', true, 'allow'], ['guest', 'read', false, 'deny'], ['owner', 'gone', false, 'deny'],
])('says for %s and %s (after strangers\' words: %s): %s', async (as, name, tainted, verdict) => {
  const said = await explain(as, name, { tainted })
  expect(said.verdict).toBe(verdict)
  expect(said.layers.at(-1)?.says).toBe(verdict)
  expect(said.question).toBe(verdict === 'ask' ? 'do run' : null)
})
it('takes a sender for the person, and asks for the place', async () => {
  expect((await explain('telegram:7', 'read')).principal).toBe(ann)
  expect(await policy.explain({ as: 'member', tool: 'read', input: {}, agent: 'main' as AgentId, tainted: false, in: 'telegram:-1' })).toMatchObject({ verdict: 'deny', reason: 'the agent main does not have read there: the group takes it away' })
})
it('names what does not fit, and who or what is unknown', async () => {
  expect(await explain('owner', 'read', { input: { wrong: true } })).toMatchObject({ verdict: 'deny', reason: 'the input does not fit: it is wrong' })
  await expect(explain('nobody', 'read')).rejects.toMatchObject({ code: 'person-unknown' })
  await expect(explain('owner', 'nothing')).rejects.toMatchObject({ code: 'tool-unknown' })
  await expect(policy.whoCan('flies')).rejects.toMatchObject({ code: 'effect-unknown' })
})
it('lists who may do such a thing, on their own word and after strangers\'', async () => {
  const rows = await policy.whoCan('runs-code')
  expect(rows.map(({ id, own, tainted }) => [id, own.verdict, tainted.verdict])).toEqual([['pr_ann', 'deny', 'deny'], ['any owner', 'allow', 'ask'], ['any admin', 'allow', 'ask'], ['any member', 'deny', 'deny'], ['any guest', 'deny', 'deny']])
  expect((await policy.whoCan('writes-outside')).every(({ own }) => own.verdict === 'deny')).toBe(true)
})
