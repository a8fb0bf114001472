/** What the agent's work on a turn needs of the other rooms: its tools, its models, who pays, and whose words it was told. */
import type { Clock, ModelCall } from '@moltbot/contract'
import { isElevated } from './elevated.ts'
import type { Agents } from './foundation/agents/index.ts'
import type { Budget } from './foundation/budget/index.ts'
import type { Config } from './foundation/config/index.ts'
import type { Connections } from './foundation/connections/types.ts'
import { loopSection } from './foundation/halt/index.ts'
import { estimateTokens, runTurn } from './journey/agent/index.ts'
import type { AgentSurroundings } from './journey/run-agent.ts'
import type { createGrants, createSubAgents, FileLabels } from './journey/sandbox/index.ts'
import { agentOfKey, type Turn } from './journey/sessions/index.ts'
import type { moneyQuestions } from './questions.ts'
import { whereOf, type Toolbox } from './toolbox.ts'

export function agentNeeds({ config, agents, toolbox, labels, sandbox, subAgents, connections, callModel, askForMoney, ...given }: Pick<AgentSurroundings, 'guard' | 'sessions' | 'whenGoing' | 'putQuestion' | 'checkInput'> & {
  clock: Clock
  config: Pick<Config, 'get'>
  agents: Pick<Agents, 'get' | 'files'>
  toolbox: Pick<Toolbox, 'toolsOf' | 'offeredTo' | 'keepsNotes'>
  labels: Pick<FileLabels, 'any' | 'isStrange'>
  sandbox: Pick<ReturnType<typeof createGrants>, 'grants'>
  subAgents: Pick<ReturnType<typeof createSubAgents>, 'chatOf'>
  connections: Pick<Connections, 'of'>
  callModel: ReturnType<Budget['callModel']>
  askForMoney: ReturnType<typeof moneyQuestions>
}): (turn: Turn) => Promise<AgentSurroundings> {
  return async (turn) => {
    const { principal, chat, key } = turn
    const agent = agentOfKey(key)
    // What a sub-agent finds is told where its work was asked for.
    const childChat = await subAgents.chatOf(key)
    const charge = { principal: principal.id, agent, channel: chat.channel, session: key, turn: turn.id, privy: isElevated(principal) }
    return {
      ...given, estimateTokens, agentOf: agentOfKey,
      tools: toolbox.toolsOf(agent, whereOf(turn)), offered: () => toolbox.offeredTo(agent, principal, whereOf(turn)),
      callModel: (call: ModelCall) => callModel({ ...call, ...(connections.of(chat)?.door?.serves === 'http' ? { showsForGood: true } : {}), charge }, askForMoney(turn)),
      async promptIsStrange() {
        const { workspace } = agents.get(agent)
        if (!(await labels.any(workspace))) return false
        const files = await agents.files(agent)
        return (await Promise.all(files.map(({ name }) => labels.isStrange(workspace, name)))).includes(true)
      },
      runTurn(view, host) {
        const { notes, ...compaction } = agents.get(agentOfKey(view.sessionKey)).compaction
        return runTurn(view, host, { ...compaction, ...(notes !== undefined && toolbox.keepsNotes(agent, turn, host.tools) ? { notes } : {}) }, config.get(loopSection))
      },
      grants: (needs, who) => sandbox.grants(needs, {
        agent: who.agent, session: who.session, principal: who.principal.id, owner: who.principal.role === 'owner', label: who.label, privy: (childChat ?? chat).kind === 'direct',
        conversation: { chat, turn: turn.id, replyTo: turn.replyTo },
      }),
    }
  }
}
