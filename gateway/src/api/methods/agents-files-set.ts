import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { AgentFile, AgentFileName, AgentFileText, AgentName, filesOf, requireAgentFile } from '../wire/agent-files.ts'
import { closed } from '../wire/params.ts'

export const agentsFilesSet = defineMethod({
  name: 'agents.files.set',
  scope: 'operator.admin',
  summary: 'Writes one file of an agent. With `updatedAtMs` of the version it was made from, a file that changed meanwhile is left as it is.',
  params: closed({
    agentId: AgentName, name: AgentFileName, content: AgentFileText,
    /** As `agents.files.get` gave it; null: the file was not there. Absent: whatever is there is replaced. */
    updatedAtMs: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  }),
  result: Type.Object({ ok: Type.Literal(true), agentId: Type.String(), workspace: Type.String(), file: AgentFile }),
  async handle(params, rooms) {
    const { agentId, workspace, files } = filesOf(rooms, params.agentId)
    requireAgentFile(files, params.name)
    const { name, content, updatedAtMs } = params
    if (updatedAtMs === null && (await isThere(files, name))) throw new Problem('file-changed', `${name} was made by somebody else since it was looked for.`, { next: 'Read it again and repeat the change.' })
    await files.write(name, content, typeof updatedAtMs === 'number' ? { onlyIfModifiedAt: updatedAtMs } : {})
    const { modifiedAt } = await files.read(name)
    return { ok: true as const, agentId, workspace, file: { name, path: `${workspace}/${name}`, missing: false, size: Buffer.byteLength(content), updatedAtMs: modifiedAt } }
  },
})

async function isThere(files: ReturnType<typeof filesOf>['files'], name: string): Promise<boolean> {
  try {
    await files.read(name)
    return true
  } catch (error) {
    if (error instanceof Problem && error.code === 'file-missing') return false
    throw error
  }
}
