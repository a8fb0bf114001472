import { createHash } from 'node:crypto'
import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { Rooms } from '../rooms.ts'
import { ignored, open } from './params.ts'

/**
 * The family's file of approvals, which here is a view of the configuration: `defaults` are `tools.exec.security` and `ask`, the agent `*` has
 * `tools.exec.allowlist`, an agent of the list its own `tools.exec.allowlist`. A `pattern` is an entry as the configuration has it.
 */
const Security = Type.Union([Type.Literal('deny'), Type.Literal('allowlist'), Type.Literal('full')])
const Ask = Type.Union([Type.Literal('off'), Type.Literal('on-miss'), Type.Literal('always')])
const settings = { security: Type.Optional(Security), ask: Type.Optional(Ask), askFallback: Type.Optional(Security), autoAllowSkills: Type.Optional(Type.Boolean()) }

export const ExecApprovalsFile = open({
  version: Type.Literal(1),
  ...ignored('socket'),
  defaults: Type.Optional(open(settings)),
  agents: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), open({
    ...settings,
    allowlist: Type.Optional(Type.Array(open({ id: Type.Optional(Type.String()), pattern: Type.String({ minLength: 1, maxLength: 1_000 }) }), { maxItems: 500 })),
  }))),
})
export type ExecApprovalsFile = Static<typeof ExecApprovalsFile>

export const ExecApprovalsSnapshot = Type.Object({ path: Type.String(), exists: Type.Boolean(), hash: Type.String(), file: ExecApprovalsFile })
export type ExecApprovalsSnapshot = Static<typeof ExecApprovalsSnapshot>

/** What stands for every agent. */
const everyAgent = '*'

/** As the configuration is in force. */
export function execApprovalsSnapshot(rooms: Pick<Rooms, 'config'>): ExecApprovalsSnapshot {
  const { path, exists, hash, effective } = rooms.config.snapshot()
  const exec = objectAt(objectAt(effective, 'tools'), 'exec')
  const { security, ask } = exec
  const agents: [string, { pattern: string; id: string }[]][] = [[everyAgent, patterns(exec)], ...agentEntries(effective).map((agent): [string, { pattern: string; id: string }[]] => [String(agent['id']), patterns(ownExec(agent))])]
  return {
    path, exists, hash: hash ?? '',
    file: {
      version: 1,
      defaults: { security: security === 'deny' || security === 'allowlist' ? security : 'full', ask: ask === 'off' || ask === 'always' ? ask : 'on-miss', askFallback: 'deny', autoAllowSkills: false },
      agents: Object.fromEntries(agents.filter(([, allowlist]) => allowlist.length > 0).map(([id, allowlist]) => [id, { allowlist }])),
    },
  }
}

/** What has to be written so that the configuration says what the file does. Throws `Problem('exec-approvals-refused')` for what is not held here: nothing is kept that would not be kept to. */
export function execApprovalsChanges(file: ExecApprovalsFile, rooms: Pick<Rooms, 'config' | 'agents' | 'guard'>): Record<string, unknown> {
  const { defaults = {}, agents = {} } = file
  refuseUnheld('defaults', defaults)
  for (const [id, { allowlist = [], ...own }] of Object.entries(agents)) {
    refuseUnheld(`agents.${id}`, own)
    if ((own.security ?? defaults.security) !== defaults.security || (own.ask ?? defaults.ask) !== defaults.ask) throw refused(`agents.${id} has security or ask of its own; they are the same for every agent here`)
    if (id !== everyAgent && !rooms.agents.list().some((agent) => agent.id === id)) throw refused(`there is no agent ${JSON.stringify(id)}`)
    for (const { pattern } of allowlist) {
      const why = rooms.guard.whyNoEntry(pattern)
      if (why !== undefined) throw refused(`${JSON.stringify(pattern.slice(0, 100))} can be no entry: ${why}`)
    }
  }
  const listOf = (id: string): string[] => (Object.hasOwn(agents, id) ? [...new Set((agents[id]?.allowlist ?? []).map(({ pattern }) => pattern))] : [])
  const { parsed } = rooms.config.snapshot()
  const known = agentEntries(parsed)
  const isChanged = (agent: Record<string, unknown>): boolean => JSON.stringify(patterns(ownExec(agent)).map(({ pattern }) => pattern)) !== JSON.stringify(listOf(String(agent['id'])))
  const added = Object.keys(agents).filter((id) => id !== everyAgent && listOf(id).length > 0 && !known.some((agent) => agent['id'] === id))
  const list = [
    ...known.map((agent) => (isChanged(agent) ? { ...agent, tools: { ...objectAt(agent, 'tools'), exec: { ...ownExec(agent), allowlist: listOf(String(agent['id'])) } } } : agent)),
    ...added.map((id) => ({ id, tools: { exec: { allowlist: listOf(id) } } })),
  ]
  return {
    tools: { exec: { security: defaults.security ?? null, ask: defaults.ask ?? null, allowlist: listOf(everyAgent).length === 0 ? null : listOf(everyAgent) } },
    ...(added.length > 0 || known.some(isChanged) ? { agents: { list } } : {}),
  }
}

function refuseUnheld(where: string, { askFallback = 'deny', autoAllowSkills = false }: { askFallback?: string; autoAllowSkills?: boolean }): void {
  if (askFallback !== 'deny') throw refused(`${where}.askFallback is ${askFallback}; no answer means no here`)
  if (autoAllowSkills) throw refused(`${where}.autoAllowSkills is on; what a skill brings is asked about here like everything else`)
}

function refused(why: string): Problem {
  return new Problem('exec-approvals-refused', `These approvals were not kept: ${why}.`, { next: 'Change that and send the file again.' })
}

function agentEntries(config: unknown): Record<string, unknown>[] {
  const { list } = objectAt(config, 'agents')
  return Array.isArray(list) ? list.filter((agent): agent is Record<string, unknown> => typeof agent === 'object' && agent !== null) : []
}

const ownExec = (agent: Record<string, unknown>): Record<string, unknown> => objectAt(objectAt(agent, 'tools'), 'exec')

function patterns({ allowlist }: Record<string, unknown>): { id: string; pattern: string }[] {
  const texts = Array.isArray(allowlist) ? allowlist.filter((text): text is string => typeof text === 'string') : []
  return texts.map((pattern) => ({ id: createHash('sha256').update(pattern).digest('hex').slice(0, 16), pattern }))
}

function objectAt(value: unknown, key: string): Record<string, unknown> {
  const found = typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? found as Record<string, unknown> : {}
}
