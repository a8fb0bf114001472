import { Problem, type Action, type AgentId, type Effect, type Principal, type PrincipalId, type SessionKey, type Tool } from '@moltbot/contract'
import { ruleOnEffect, type Ruling } from './rules.ts'
import type { Explained, PolicyDoor } from './types.ts'

const roles = ['owner', 'admin', 'member', 'guest'] as const
/** One of each kind, for the question who may do such a thing at all. */
const samples: readonly Effect[] = [
  { kind: 'reads-private', what: 'a file' }, { kind: 'reads-untrusted', what: 'a page' }, { kind: 'writes-workspace', path: 'a file' }, { kind: 'writes-outside', path: 'a file' }, { kind: 'runs-code', what: 'a command' },
  { kind: 'reaches-host', host: 'a host', url: 'http://a.host.example/' }, { kind: 'sends', to: 'somebody' }, { kind: 'spends', what: 'money' }, { kind: 'changes-gateway', what: 'the gateway' }, { kind: 'uses-device', what: 'a camera' },
]

/** Tells what the judge would say, by the judge's own rules, and does nothing. */
export function createPolicy(options: {
  /** What the judge would say now, without a line in the record. */
  wouldRule(principal: Principal, action: Action): Promise<Ruling>
  principal(id: PrincipalId): Promise<Principal | undefined>
  people(): Promise<readonly { id: PrincipalId; name: string | null; role: Principal['role']; senders?: readonly { channel: string; sender: string }[] }[]>
  tools: readonly Tool[]
  /** What an agent has there in this person's hands, and of the rest what took it away. */
  toolsOf(agent: AgentId, where: string | undefined, senders: readonly { channel: string; sender: string }[]): readonly { tool: Tool; removedBy: string | null }[]
  checkInput(tool: Tool, input: unknown): string | undefined
}): PolicyDoor {
  type Senders = readonly { channel: string; sender: string }[]
  async function whoIs(as: string): Promise<{ principal: Principal; senders: Senders }> {
    const role = roles.find((each) => each === as)
    const people = await options.people()
    const named = people.find(({ id, senders = [] }) => id === as || senders.some(({ channel, sender }) => `${channel}:${sender}` === as))
    const known = await options.principal(named?.id ?? (as as PrincipalId))
    if (known !== undefined) return { principal: known, senders: named?.senders ?? [] }
    if (role !== undefined) return { principal: { id: `any ${role}` as PrincipalId, role }, senders: [] }
    throw new Problem('person-unknown', `Nobody here is "${as.slice(0, 100)}".`, { next: 'Name a person by id, as in `moltbot people list`, or a role: owner, admin, member, guest.' })
  }

  return {
    async explain({ as, tool: name, input, in: where, agent, tainted }) {
      const { principal, senders } = await whoIs(as)
      const tool = options.tools.find((each) => each.name === name || each.aliases?.includes(name) === true)
      if (tool === undefined) throw new Problem('tool-unknown', `There is no tool "${name.slice(0, 60)}".`, { next: `There are: ${options.tools.map((each) => each.name).join(', ')}.` })
      const layers: Explained['layers'] = []
      const deny = (layer: string, reason: string, effects: Effect[] = []): Explained => ({ principal, tool: tool.name, effects, verdict: 'deny', reason, layers: [...layers, { layer, says: 'deny', why: reason }], question: null })
      const removedBy = options.toolsOf(agent, where, senders).find((each) => each.tool === tool)?.removedBy
      if (removedBy !== null) return deny('the agent\'s tools', `the agent ${agent} does not have ${tool.name}${where === undefined ? '' : ' there'}${removedBy === undefined ? '' : `: ${removedBy} takes it away`}`)
      layers.push({ layer: 'the agent\'s tools', says: 'allow', why: `the agent ${agent} has ${tool.name}` })
      const wrong = options.checkInput(tool, input)
      if (wrong !== undefined) return deny('the input', `the input does not fit: ${wrong}`)
      const effects = tool.effects(input as never)
      const action: Action = { kind: 'use-tool', tool: tool.name, effects, session: (where ?? '') as SessionKey, agent, tainted }
      for (const effect of effects) {
        const ruling = ruleOnEffect(principal, effect, { tainted })
        layers.push({ layer: `the rule for ${effect.kind}`, says: ruling.kind, why: ruling.kind === 'allow' ? 'the rule' : ruling.reason })
      }
      const general = layers.some(({ says }) => says === 'deny') ? 'deny' : layers.some(({ says }) => says === 'ask') ? 'ask' : 'allow'
      const ruling = await options.wouldRule(principal, action)
      const reason = ruling.kind !== 'allow' ? ruling.reason : general === 'ask' ? 'somebody allowed exactly this for good, or the owner\'s list does' : 'the rules'
      if (ruling.kind !== general) layers.push({ layer: 'this person, their profile, and what the owner decided', says: ruling.kind, why: reason })
      return { principal, tool: tool.name, effects, verdict: ruling.kind, reason, layers, question: ruling.kind === 'ask' ? tool.summarize(input as never) : null }
    },

    async whoCan(kind) {
      const effect = samples.find((each) => each.kind === kind)
      if (effect === undefined) throw new Problem('effect-unknown', `There is no effect "${kind.slice(0, 60)}".`, { next: `There are: ${samples.map((each) => each.kind).join(', ')}.` })
      const who = [...(await options.people()), ...roles.map((role) => ({ id: `any ${role}` as PrincipalId, name: null, role }))]
      const say = (principal: Principal, tainted: boolean) => {
        const ruling = ruleOnEffect(principal, effect, { tainted })
        return { verdict: ruling.kind, reason: ruling.kind === 'allow' ? 'the rule' : ruling.reason }
      }
      return who.map(({ id, name, role }) => ({ id, name, role, own: say({ id, role }, false), tainted: say({ id, role }, true) }))
    },
  }
}
