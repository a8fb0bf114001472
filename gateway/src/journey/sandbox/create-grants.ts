import type { AgentId, Clock, Commands, FileWriter, GrantName, Grants, NewId, PrincipalId, SessionKey, StatusFacts } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import type { CallLabel, FileLabels } from './file-labels.ts'
import { webGrants, type WebSource } from './web-grants.ts'
import { workspaceFiles, type WorkspaceFiles } from './workspace-files.ts'

/** Whose turn it is. */
export interface GrantSubject {
  agent: AgentId
  session: SessionKey
  principal: PrincipalId
  /** It is the owner's own turn. Absent: it is not. */
  owner?: boolean
  /** Whose words steer the turn. Absent: it counts as steered by strangers, and reaches nothing. */
  label?: CallLabel
}

export interface SandboxOptions {
  /** The workspace of a turn as an absolute path; asked whenever grants are made. */
  workspaceOf(agent: AgentId, principal: PrincipalId, session: SessionKey): string
  /** Nothing in the workspace may be changed. */
  readOnly?(): boolean
  /** Programs for a subject. Absent: this gateway runs none. */
  commands?(subject: GrantSubject): Commands
  /** What the gateway would tell this principal about itself. */
  describeStatus(subject: GrantSubject): Promise<StatusFacts>
  /** Who reaches out for the grants `web` and `documents`. Absent: there are none. */
  web?: WebSource
  /** Which files are strangers' words. Absent: nothing is written down about them. */
  labels?: FileLabels
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
  const workspaces = new Map<string, WorkspaceFiles>()
  const rootOf = ({ agent, principal, session }: GrantSubject): string => options.workspaceOf(agent, principal, session)
  const files = (subject: GrantSubject) => {
    const root = rootOf(subject)
    const known = workspaces.get(root)
    if (known !== undefined) return known
    const made = workspaceFiles({ root, clock: options.clock, newId: options.newId })
    workspaces.set(root, made)
    return made
  }
  const web = webGrants({ source: options.web ?? noWeb, readBytes: (subject, path, bytesMax) => files(subject).readBytes(path, bytesMax) })
  const makers: { [Name in GrantName]: (subject: GrantSubject) => Grants[Name] } = {
    'files.read': (subject) => {
      const { read, readImage, list, search } = files(subject)
      return options.labels?.reader({ read, readImage, list, search }, rootOf(subject), subject.label) ?? { read, readImage, list, search }
    },
    'files.write': (subject) => {
      const writer: FileWriter = {
        async write(path, text, how) {
          if (options.readOnly?.() === true) throw new Problem('workspace-readonly', 'Nothing in this workspace may be changed.', { next: 'The owner can allow it with agents.defaults.sandbox.workspaceAccess: "rw".' })
          return files(subject).write(path, text, how)
        },
      }
      return options.labels?.writer(writer, rootOf(subject), subject.label) ?? writer
    },
    commands(subject) {
      if (options.commands === undefined) throw new Problem('sandbox-unavailable', 'This gateway runs no commands.')
      const commands = options.commands(subject)
      return options.labels?.commands(commands, rootOf(subject), subject.label) ?? commands
    },
    web: (subject) => web.web(subject),
    documents: (subject) => web.documents(subject),
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

const absent = (): Promise<never> => Promise.reject(new Problem('web-off', 'This gateway was started without a way to the web.'))
const noWeb: WebSource = { read: absent, search: absent, pdf: absent }
