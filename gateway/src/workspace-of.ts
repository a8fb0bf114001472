/** Which folder somebody's work with an agent takes place in: the agent's own for the owner, one of their own for everybody else, a scratch one where the workspace is closed. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ownerPrincipal, type AgentId, type ConfigView, type PrincipalId, type SessionKey } from '@moltbot/contract'
import type { Agents } from './foundation/agents/index.ts'
import { sandboxFor } from './toolbox.ts'

export type WorkspaceOf = (agent: AgentId, principal: PrincipalId, session: SessionKey) => string

/** The folder exists when it is told. */
export function createWorkspaceOf({ stateDir, config, agents }: { stateDir: string; config: ConfigView; agents: Pick<Agents, 'has' | 'get'> }): WorkspaceOf {
  function made(...path: string[]): string {
    const folder = join(stateDir, ...path)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return folder
  }

  return (agent, principal, session) => {
    const { workspaceAccess, scope } = sandboxFor(config, agents, agent)
    if (workspaceAccess === 'none') {
      const shared = scope === 'session' ? session : scope === 'agent' ? agent : 'all'
      return made('sandboxes', nameOf(JSON.stringify([scope, shared, principal])))
    }
    return principal === ownerPrincipal ? agents.get(agent).workspace : made('people', nameOf(principal), agent)
  }
}

const nameOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
