import type { AgentId, Clock, FileReader, FileWriter, GrantName, Grants, NewId, PrincipalId, SessionKey, StatusFacts } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import { workspaceFiles } from './workspace-files.ts'

/** Whose turn it is. */
export interface GrantSubject {
  agent: AgentId
  session: SessionKey
  principal: PrincipalId
}

export interface SandboxOptions {
  /** The agent's workspace as an absolute path; asked whenever grants are made. */
  workspaceOf(agent: AgentId, principal: PrincipalId): string
  /** What the gateway would tell this principal about itself. */
  describeStatus(subject: GrantSubject): Promise<StatusFacts>
  clock: Clock
  newId: NewId
}

export interface Sandbox {
  /**
   * Exactly the grants named, confined to the subject; everything else is absent. Throws `Problem('grant-unknown')` for a
   * name that does not exist, before anything is handed out.
   */
  grants<Needs extends GrantName>(needs: readonly Needs[], subject: GrantSubject): Pick<Grants, Needs>
}

/** Turns what a tool needs into real, confined effects. Writes to one workspace are queued here, across turns. */
export function createGrants(options: SandboxOptions): Sandbox {
  const workspaces = new Map<string, FileReader & FileWriter>()
  const files = ({ agent, principal }: GrantSubject) => {
    const root = options.workspaceOf(agent, principal)
    const known = workspaces.get(root)
    if (known !== undefined) return known
    const made = workspaceFiles({ root, clock: options.clock, newId: options.newId })
    workspaces.set(root, made)
    return made
  }
  const makers: { [Name in GrantName]: (subject: GrantSubject) => Grants[Name] } = {
    'files.read': (subject) => {
      const { read, readImage, list, search } = files(subject)
      return { read, readImage, list, search }
    },
    'files.write': (subject) => ({ write: files(subject).write }),
    status: (subject) => ({ describe: () => options.describeStatus(subject) }),
    clock: () => ({ now: () => options.clock.now(), after: (delayMs, task) => options.clock.after(delayMs, task) }),
  }
  return {
    grants(needs, subject) {
      for (const name of needs) {
        if (!Object.hasOwn(makers, name)) throw new Problem('grant-unknown', `There is no grant called ${name}.`)
      }
      return Object.fromEntries(needs.map((name) => [name, makers[name](subject)])) as unknown as Pick<Grants, (typeof needs)[number]>
    },
  }
}
