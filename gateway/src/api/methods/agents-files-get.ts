import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { AgentFile, AgentFileName, AgentName, filesOf, requireAgentFile } from '../wire/agent-files.ts'
import { closed } from '../wire/params.ts'

export const agentsFilesGet = defineMethod({
  name: 'agents.files.get',
  scope: 'operator.read',
  summary: 'One file of an agent with its text; a missing one has the empty text.',
  params: closed({ agentId: AgentName, name: AgentFileName }),
  result: Type.Object({ agentId: Type.String(), workspace: Type.String(), file: Type.Interface([AgentFile], { content: Type.String() }) }),
  async handle(params, rooms) {
    const { agentId, workspace, files } = filesOf(rooms, params.agentId)
    requireAgentFile(files, params.name)
    const named = { name: params.name, path: `${workspace}/${params.name}` }
    try {
      const { text, modifiedAt } = await files.read(params.name)
      return { agentId, workspace, file: { ...named, missing: false, size: Buffer.byteLength(text), updatedAtMs: modifiedAt, content: text } }
    } catch (error) {
      if (error instanceof Problem && error.code === 'file-missing') return { agentId, workspace, file: { ...named, missing: true, content: '' } }
      throw error
    }
  },
})
