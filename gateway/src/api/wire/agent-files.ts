import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { Rooms } from '../rooms.ts'
import { defaultAgentId } from './session-key.ts'

/** One of the files that make an agent what it is. */
export const AgentFile = Type.Object({
  /** Its path in the workspace; what `agents.files.get` and `set` take. */
  name: Type.String(),
  path: Type.String(),
  missing: Type.Boolean(),
  size: Type.Optional(Type.Integer()),
  /** Epoch ms as the file system has it; `set` compares with it. */
  updatedAtMs: Type.Optional(Type.Number()),
})
export type AgentFile = Static<typeof AgentFile>

export const AgentFileName = Type.String({ minLength: 1, maxLength: 300 })
/** As long as one file may become here, in characters. */
export const AgentFileText = Type.String({ maxLength: 1_000_000 })
export const AgentName = Type.Optional(Type.String({ minLength: 1, maxLength: 64 }))

type Files = ReturnType<NonNullable<Rooms['filesOf']>>

/** The agent meant, its folder, and the files in it. Throws `agents-files-unavailable` where this gateway shows none. */
export function filesOf(rooms: Rooms, agentId: string | undefined): { agentId: string; workspace: string; files: Files } {
  if (rooms.filesOf === undefined) throw new Problem('agents-files-unavailable', 'This gateway shows no files.')
  const id = agentId ?? defaultAgentId(rooms)
  const files = rooms.filesOf(id)
  return { agentId: id, files, workspace: rooms.agents.list().find((agent) => agent.id === id)?.workspace ?? '' }
}

const further = [/^memory\/[^/]+\.md$/, /^skills\/[^/]+(?:\/[^/]+){0,3}\.md$/]

/** Persona, memory and skills; other files of the workspace are the agent's and the person's own affair. Throws `Problem('file-not-listed')`. */
export function requireAgentFile(files: Files, name: string): void {
  if (files.promptFiles.includes(name) || further.some((pattern) => pattern.test(name))) return
  throw new Problem('file-not-listed', `${JSON.stringify(name)} is none of an agent's files.`, { next: 'Use a name of agents.files.list, or a new one under memory/ or skills/ that ends in .md.' })
}

/** Every file an agent is made of, prompt files first; those that are not there are named as missing. */
export async function listAgentFiles(files: Files, workspace: string): Promise<AgentFile[]> {
  const found = new Map<string, AgentFile>()
  for (const [folder, depth] of [['', 1], ['memory', 1], ['skills', 4]] as const) {
    const { entries } = await files.list(folder, depth).catch((error: unknown) => {
      // No such folder: then it has no files.
      if (error instanceof Problem && /missing|not-a-folder/.test(error.code)) return { entries: [] }
      throw error
    })
    for (const entry of entries) {
      if (entry.kind !== 'file') continue
      const name = entry.path
      if (!files.promptFiles.includes(name) && !further.some((pattern) => pattern.test(name))) continue
      found.set(name, { name, path: `${workspace}/${name}`, missing: false, size: entry.bytes, updatedAtMs: entry.modifiedAt })
    }
  }
  const prompt = files.promptFiles.map((name) => found.get(name) ?? { name, path: `${workspace}/${name}`, missing: true })
  const others = [...found.values()].filter((file) => !files.promptFiles.includes(file.name)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return [...prompt, ...others]
}
