import type { AgentId, Clock, Commands, FileWriter, GrantName, Grants, JobKeeper, MemoryHit, NewId, Nodes, PrincipalId, SessionKey, StatusFacts } from '@moltbot/contract'
import { ownerPrincipal, Problem } from '@moltbot/contract'
import type { MemoryPlace } from '../../foundation/memory/index.ts'
import type { BrowserRoom } from './browser/index.ts'
import type { CallLabel, FileLabels } from './file-labels.ts'
import { memoryGrants, type MemorySource } from './memory-grants.ts'
import { messagingGrants, type Conversation, type MessagingSource } from './messaging-grants.ts'
import type { SubAgents } from './sub-agents.ts'
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
  /** Nobody else reads along where it is said. Absent: somebody may. */
  privy?: boolean
  /** Where the turn belongs. Absent: nowhere. */
  conversation?: Conversation
}

export interface SandboxOptions {
  /** The workspace of a turn as an absolute path; asked whenever grants are made. */
  workspaceOf(agent: AgentId, principal: PrincipalId, session: SessionKey): string
  /** Nothing in the workspace may be changed. */
  readOnly?(agent: AgentId): boolean
  /** Programs for a subject. Absent: this gateway runs none. */
  commands?(subject: GrantSubject): Commands
  /** What the gateway would tell this principal about itself. */
  describeStatus(subject: GrantSubject): Promise<StatusFacts>
  /** Who reaches out for the grants `web` and `documents`. Absent: there are none. */
  web?: WebSource
  /** Which files are strangers' words. Absent: nothing is written down about them. */
  labels?: FileLabels
  /** Who remembers. Absent: nobody does. */
  memory?: { room: MemorySource<GrantSubject>['memory']; today(): string }
  /** Who has browsers. Absent: nobody does. */
  browsers?: Pick<BrowserRoom, 'grant'>
  /** Who sends. Absent: nothing can be sent. */
  messaging?: MessagingSource
  /** Who knows the other conversations. Absent: there are none. */
  subAgents?: Pick<SubAgents, 'grant'>
  /** Who keeps what is done at set times. Absent: nobody does. */
  jobs?(subject: GrantSubject): JobKeeper
  /** Who knows what is connected of a person's own. Absent: nothing is. */
  nodes?(subject: GrantSubject): Nodes
  clock: Clock
  newId: NewId
}

export interface Sandbox {
  /**
   * Exactly the grants named, confined to the subject; everything else is absent. Throws `Problem('grant-unknown')` for a
   * name that does not exist, before anything is handed out.
   */
  grants<Needs extends GrantName>(needs: readonly Needs[], subject: GrantSubject): Pick<Grants, Needs>
  /** A person's own memory, for themselves. */
  memoryOf(subject: GrantSubject): { search(query: string, max: number | undefined): Promise<MemoryHit[]>; status(): Promise<{ files: { path: string; bytes: number }[]; lines: number }> }
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
  const refuseReadOnly = ({ agent }: GrantSubject): void => {
    if (options.readOnly?.(agent) === true) throw new Problem('workspace-readonly', 'Nothing in this workspace may be changed.', { next: 'The owner can allow it with agents.defaults.sandbox.workspaceAccess: "rw".' })
  }
  const writerOf = (subject: GrantSubject): FileWriter => ({
    async write(path, text, how) {
      refuseReadOnly(subject)
      return files(subject).write(path, text, how)
    },
  })
  const placeOf = (subject: GrantSubject): MemoryPlace => {
    const root = rootOf(subject)
    const { read, list } = files(subject)
    return { root, principal: subject.principal, files: { read, list, write: writerOf(subject).write }, isStrange: async (path) => options.labels?.isStrange(root, path) ?? false }
  }
  const memory = options.memory === undefined ? undefined : memoryGrants<GrantSubject>({
    memory: options.memory.room, today: options.memory.today, place: placeOf,
    shared: (subject) => (subject.principal === ownerPrincipal ? undefined : placeOf({ ...subject, principal: ownerPrincipal })),
    mark: async (subject, path) => options.labels?.mark(rootOf(subject), path),
  })
  const messages = options.messaging === undefined ? undefined : messagingGrants<GrantSubject>(options.messaging, async (subject, given, bytesMax, signal) =>
    (/^https?:\/\//i.test(given) ? web.file(subject, given, signal) : { fileName: given, bytes: await files(subject).readBytes(given, bytesMax) }))
  const makers: { [Name in GrantName]: (subject: GrantSubject) => Grants[Name] } = {
    'files.read': (subject) => {
      const { read, readImage, list, search } = files(subject)
      return options.labels?.reader({ read, readImage, list, search }, rootOf(subject), subject.label) ?? { read, readImage, list, search }
    },
    'files.write': (subject) => {
      const writer = writerOf(subject)
      return options.labels?.writer(writer, rootOf(subject), subject.label) ?? writer
    },
    commands(subject) {
      if (options.commands === undefined) throw new Problem('sandbox-unavailable', 'This gateway runs no commands.')
      const commands = options.commands(subject)
      return options.labels?.commands(commands, rootOf(subject), subject.label) ?? commands
    },
    web: (subject) => web.web(subject),
    browser: (subject) => (options.browsers ?? off('a browser')).grant(subject, async (path, bytes) => {
      refuseReadOnly(subject)
      await options.labels?.mark(rootOf(subject), path)
      await files(subject).writeBytes(path, bytes)
    }),
    documents: (subject) => web.documents(subject),
    memory: (subject) => (memory ?? off('memory'))(subject),
    messages: (subject) => (messages ?? off('messages'))(subject),
    sessions: (subject) => (options.subAgents ?? off('sessions')).grant(subject),
    jobs: (subject) => (options.jobs ?? off('jobs'))(subject),
    nodes: (subject) => (options.nodes ?? off('nodes'))(subject),
    status: (subject) => ({ describe: () => options.describeStatus(subject) }),
    clock: () => ({ now: () => options.clock.now(), after: (delayMs, task) => options.clock.after(delayMs, task) }),
  }
  return {
    memoryOf: (subject) => ({
      search: async (query, max) => (options.memory === undefined ? [] : (await options.memory.room.search([placeOf(subject)], query, max)).hits),
      status: async () => options.memory?.room.status(placeOf(subject)) ?? { files: [], lines: 0 },
    }),
    grants(needs, subject) {
      for (const name of needs) {
        if (!Object.hasOwn(makers, name)) throw new Problem('grant-unknown', `There is no grant called ${name}.`)
      }
      return Object.fromEntries(needs.map((name) => [name, makers[name](subject)])) as unknown as Pick<Grants, (typeof needs)[number]>
    },
  }
}

function off(what: string): never {
  throw new Problem('grant-off', `This gateway was built without ${what}.`)
}

const absent = (): Promise<never> => Promise.reject(new Problem('web-off', 'This gateway was started without a way to the web.'))
const noWeb: WebSource = { read: absent, picture: absent, file: absent, search: absent, pdf: absent }
