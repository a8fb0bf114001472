import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { AgentFile, AgentName, filesOf, listAgentFiles } from '../wire/agent-files.ts'
import { closed } from '../wire/params.ts'

export const agentsFilesList = defineMethod({
  name: 'agents.files.list',
  scope: 'operator.read',
  summary: 'The files that make an agent what it is: persona, memory and skills, with those that are missing.',
  params: closed({ agentId: AgentName }),
  result: Type.Object({ agentId: Type.String(), workspace: Type.String(), files: Type.Array(AgentFile) }),
  async handle(params, rooms) {
    const { agentId, workspace, files } = filesOf(rooms, params.agentId)
    return { agentId, workspace, files: await listAgentFiles(files, workspace) }
  },
})
