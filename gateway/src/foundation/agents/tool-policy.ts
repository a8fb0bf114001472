/** Sets of tools by the names people use in lists. A tool that is on no list here belongs to no group. */
export const toolGroups: Readonly<Record<string, readonly string[]>> = {
  'group:fs': ['read', 'write', 'edit', 'apply_patch', 'list', 'search', 'pdf'],
  'group:runtime': ['run', 'process'],
  'group:web': ['web_fetch', 'web_search', 'browser', 'image'],
  'group:memory': ['memory'],
  'group:sessions': ['sessions'],
  'group:messaging': ['message', 'tts'],
  'group:automation': ['cron'],
  'group:nodes': ['nodes'],
}

/** What a profile has before any list narrows it. Absent: everything but what `not` names. */
const profiles: Readonly<Record<ToolProfile, { only?: readonly string[]; not?: readonly string[] }>> = {
  minimal: { only: ['status'] },
  messaging: { only: ['status', 'group:memory', 'group:messaging', 'group:sessions', 'group:automation'] },
  coding: { only: ['status', 'group:fs', 'group:runtime', 'group:web', 'group:memory', 'group:sessions'] },
  // Rarely needed, and every tool is paid for in every prompt.
  standard: { not: ['group:sessions', 'apply_patch', 'pdf', 'image', 'browser', 'tts', 'nodes'] },
  full: {},
}
export const toolProfiles = ['minimal', 'messaging', 'coding', 'standard', 'full'] as const
export type ToolProfile = (typeof toolProfiles)[number]

/** One layer of lists. `alsoAllow` adds to the profile; everything else only takes away. */
export interface ToolLists { allow?: readonly string[]; alsoAllow?: readonly string[]; deny?: readonly string[] }

/** Which tool of the shelf this is about. */
export interface NamedTool { name: string; aliases?: readonly string[] }

/** Where a tool was taken away, in words (`the profile minimal`); null: it is there. */
export interface ToolRuling { name: string; removedBy: string | null }

export interface ToolPolicy {
  profile: ToolProfile
  /** Whose word the profile is, for people. */
  profileOf: string
  /** Applied in this order, each named for people (`tools.deny`). */
  layers: readonly { name: string; lists: ToolLists }[]
  /** Takes away whatever else says; for turns that may less by what they are. */
  except?: { name: string; deny: readonly string[] }
}

const none: readonly string[] = []

/** Whether a list names a tool: itself, one of its other names, a group or `*`; whatever the case. */
export function listNamesTool(list: readonly string[], tool: NamedTool): boolean {
  const { names, members } = namesOf(list)
  return names.has('*') || names.has(tool.name) || members.has(tool.name) || (tool.aliases ?? []).some((alias) => names.has(alias))
}

const read = new WeakMap<readonly string[], { names: Set<string>; members: Set<string> }>()

/** The names that stand in a list, and those of the tools in the groups it names. Lists of a configuration never change. */
function namesOf(list: readonly string[]): { names: Set<string>; members: Set<string> } {
  let found = read.get(list)
  if (found === undefined) {
    const names = new Set(list.map(plainName))
    read.set(list, (found = { names, members: new Set([...names].flatMap((name) => (Object.hasOwn(toolGroups, name) ? (toolGroups[name] ?? []) : []))) }))
  }
  return found
}

/** Every tool of the shelf with what took it away. Deny is stronger than allow, and a later layer never gives back what an earlier one took. */
export function ruleOnTools(shelf: readonly NamedTool[], policy: ToolPolicy): ToolRuling[] {
  const { only, not } = profiles[policy.profile]
  const added = policy.layers.flatMap(({ lists }) => lists.alsoAllow ?? [])
  return shelf.map((tool) => {
    const inProfile = (only === undefined || listNamesTool(only, tool)) && !listNamesTool(not ?? none, tool)
    if (!inProfile && !listNamesTool(added, tool)) return { name: tool.name, removedBy: `${policy.profileOf} ${policy.profile}` }
    for (const { name, lists } of policy.layers) {
      if (listNamesTool(lists.deny ?? none, tool)) return { name: tool.name, removedBy: `${name}.deny` }
      if (lists.allow !== undefined && !listNamesTool(lists.allow, tool) && !listNamesTool(lists.alsoAllow ?? none, tool)) return { name: tool.name, removedBy: `${name}.allow` }
    }
    return { name: tool.name, removedBy: policy.except !== undefined && listNamesTool(policy.except.deny, tool) ? policy.except.name : null }
  })
}

/** Names in lists that mean nothing here: each with the list it stands in. */
export function unknownToolNames(shelf: readonly NamedTool[], policy: Pick<ToolPolicy, 'layers'>): { list: string; name: string }[] {
  const known = new Set(['*', ...Object.keys(toolGroups), ...Object.values(toolGroups).flat(), ...shelf.flatMap((tool) => [tool.name, ...(tool.aliases ?? [])])])
  return policy.layers.flatMap(({ name: layer, lists }) => (['allow', 'alsoAllow', 'deny'] as const).flatMap((kind) => (lists[kind] ?? []).filter((entry) => !known.has(plainName(entry))).map((name) => ({ list: `${layer}.${kind}`, name }))))
}

function plainName(entry: string): string {
  return entry.trim().toLowerCase()
}
