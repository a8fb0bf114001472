/** What the owner expects of the judge, asked of the judge itself over a configuration: the one in force, or one that somebody would like. */
import { basename, dirname, join } from 'node:path'
import { defaultAccount, type AgentId, type Channel, type ChatRef, type ConfigView, type ExpectationReport, type ExpectationResult, type Logger, type Sql, type Tool } from '@moltbot/contract'
import { createAgents, listNamesTool, ruleOnTools, type Agents } from './foundation/agents/index.ts'
import { readPlacedList, type ConfigIssue, type ConfigRule } from './foundation/config/index.ts'
import { createPolicy, createRuling, peopleSection, policySection, testExpectations, type CommandPolicy, type PlacedExpectation, type PolicyDoor } from './journey/guard/index.ts'
import { execSection, findProgram } from './journey/sandbox/index.ts'
import { sandboxFor, toolPolicyOf, type Where } from './toolbox.ts'

/** The rows that can only be changed in a file of their own, beside the configuration. */
export const expectationsFile = 'policy-expectations.json5'

/** What the owner decided about an agent's commands, by a configuration. */
export function commandPolicyOf(config: Pick<ConfigView, 'get'>, agents: Pick<Agents, 'has' | 'get'>, agent: AgentId): CommandPolicy {
  const { security, ask, allowlist, safeBins } = config.get(execSection)
  const own = agents.has(agent) ? agents.get(agent).tools.exec.allowlist : []
  // A container's programs are its image's: nobody can tell from here where a name leads.
  const ours = ['auto', 'bwrap'].includes(sandboxFor(config, agents, agent).backend)
  return { security, ask, entries: [...allowlist, ...own], safeBins, programAt: (word) => (ours ? findProgram(word) : undefined) }
}

/** Whether a list of a person's profile means a tool of the shelf. */
export function namesToolOn(shelf: readonly Tool[]): (list: readonly string[], name: string) => boolean {
  return (list, name) => listNamesTool(list, shelf.find((tool) => tool.name === name) ?? { name })
}

export interface PolicyParts {
  /** The people and their lasting permissions as they are now. */
  read: Sql
  shelf: readonly Tool[]
  channels: readonly Channel[]
  stateDir: string
  checkInput(tool: Tool, input: unknown): string | undefined
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

/** What the judge would say by a configuration, whoever is known now. */
export function policyOver(config: ConfigView, { read, shelf, channels, stateDir, checkInput }: PolicyParts): PolicyDoor {
  const agents = createAgents({ config, stateDir, log: silent })
  const ruling = createRuling({ profiles: () => config.get(peopleSection).profiles, namesTool: namesToolOn(shelf), commandPolicy: (agent) => commandPolicyOf(config, agents, agent) })
  return createPolicy({
    wouldRule: (principal, action) => ruling.rulingOn(read, principal, action), principal: (id) => ruling.principalIn(read, id), people: () => ruling.peopleIn(read), tools: shelf, checkInput,
    toolsOf(agent, where, senders) {
      const rulings = ruleOnTools(shelf, toolPolicyOf(config, agents, channels, agent, placeOf(where, senders)))
      return shelf.map((tool) => ({ tool, removedBy: rulings.find(({ name }) => name === tool.name)?.removedBy ?? null }))
    },
  })
}

/** `telegram`, `telegram:-100123`, or the key of a conversation. A chat that is named counts as a group: only groups have tools of their own. */
function placeOf(where: string | undefined, senders: readonly { channel: string; sender: string }[]): Where {
  if (where === undefined || where === '' || where.startsWith('agent:')) return { session: where }
  const [channel = '', ...rest] = where.split(':')
  const [chat, thread] = rest.join(':').split('#')
  if (chat === undefined || chat === '') return {}
  return {
    chat: { channel: channel as ChatRef['channel'], account: defaultAccount, chat: chat as ChatRef['chat'], kind: 'group', ...(thread === undefined ? {} : { thread: thread as Exclude<ChatRef['thread'], undefined> }) },
    senders: senders.filter((each) => each.channel === channel).map(({ sender }) => sender),
  }
}

export interface ExpectedPolicy {
  /** Holds every configuration to the rows: those in the file beside it and those in it. */
  rule: ConfigRule
  /** Every row held against what is in force; `fault`: why the file cannot be used. */
  test(config: ConfigView): Promise<ExpectationReport>
}

/** `configFile`: where the configuration stands now. */
export function createExpectedPolicy(parts: PolicyParts, configFile: () => string): ExpectedPolicy {
  /** The rows of the file as they could be read last. */
  let rows: readonly { value: unknown; line: number; column: number }[] | undefined

  function look(): { file: string; fault?: { line: number; column: number; message: string } } {
    const file = join(dirname(configFile()), expectationsFile)
    const found = readPlacedList(file)
    if (found?.fault !== undefined) return { file, fault: found.fault }
    rows = found?.entries ?? []
    return { file }
  }

  async function hold(config: ConfigView, file: string): Promise<{ results: ExpectationResult[]; issues: ConfigIssue[] }> {
    const policy = policyOver(config, parts)
    const name = basename(file)
    const placed = [
      ...(rows ?? []).map(({ value, line, column }) => ({ row: { value, where: `${name}:${line}` } satisfies PlacedExpectation, at: { path: '', file, line, column } })),
      ...config.get(policySection).expectations.map((value, index) => ({ row: { value, where: `policy.expectations[${index}]` } satisfies PlacedExpectation, at: { path: `policy.expectations[${index}]`, line: 0, column: 0 } })),
    ]
    const results = await testExpectations(placed.map(({ row }) => row), policy, { tools: parts.shelf, checkInput: parts.checkInput })
    const issues = results.flatMap((result, index): ConfigIssue[] => {
      const at = placed[index]?.at
      return result.ok || at === undefined ? [] : [{ ...at, severity: 'error', message: brokenWords(result) }]
    })
    return { results, issues }
  }

  return {
    async rule(candidate, use) {
      const { file, fault } = look()
      const unreadable = (): ConfigIssue => ({
        path: '', file, line: fault?.line ?? 0, column: fault?.column ?? 0, severity: 'error',
        message: `${basename(file)}${fault === undefined || fault.line === 0 ? '' : `, line ${fault.line}, column ${fault.column}`}: ${fault?.message ?? ''}; no change is taken until the file is mended (or moved away, which ends what it expects)`,
      })
      // What is in force was held to the rows as they could be read last.
      if (fault !== undefined && (use === 'take' || rows === undefined)) return [unreadable()]
      return (await hold(candidate, file)).issues
    },
    async test(config) {
      const { file, fault } = look()
      return { file, results: (await hold(config, file)).results, fault: fault === undefined ? null : `${fault.line === 0 ? '' : `line ${fault.line}, column ${fault.column}: `}${fault.message}` }
    },
  }
}

function brokenWords({ where, words, said, because, why }: ExpectationResult): string {
  const now = said === null ? because : `then it would be: ${said} (${because})`
  return `${where} expects: ${words}; ${now}${why === null ? '' : `. ${why}`}. To go on, change the setting, or the row if it is no longer what you want`
}
