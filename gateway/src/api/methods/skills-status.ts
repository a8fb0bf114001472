import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const skillsStatus = defineMethod({
  name: 'skills.status',
  scope: 'operator.read',
  summary: 'The skills of the workspace; this gateway runs none yet.',
  params: open({}),
  result: Type.Object({ workspaceDir: Type.String(), managedSkillsDir: Type.String(), skills: Type.Array(Type.Unknown()) }),
  handle: async (_params, rooms) => ({ workspaceDir: (rooms.agents.list().find((agent) => agent.isDefault) ?? rooms.agents.list()[0])?.workspace ?? '', managedSkillsDir: '', skills: [] }),
})
