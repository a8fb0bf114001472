import { Type, type Static } from 'typebox'
import { defineSection } from '@moltbot/contract'

const choice = <const Values extends readonly string[]>(values: Values, options: { default: Values[number]; description: string }) =>
  Type.Unsafe<Values[number]>(Type.Union(values.map((value) => Type.Literal(value)), options))

/** How commands are isolated. There is no value that runs them on the machine itself. */
export const sandboxSection = defineSection({
  path: 'agents.defaults.sandbox',
  title: 'How commands are isolated from this machine',
  reload: 'hot',
  schema: Type.Object({
    backend: choice(['auto', 'bwrap', 'docker', 'podman'], {
      default: 'auto', description: 'What isolates. `auto`: bubblewrap on Linux, sandbox-exec on macOS. `docker` and `podman` cost about half a second for each command.',
    }),
    scope: choice(['session', 'agent', 'shared'], {
      default: 'agent', description: 'With `workspaceAccess: "none"`: who shares one scratch workspace; each conversation has its own, each agent, or all together. One person\'s is never another\'s.',
    }),
    workspaceAccess: choice(['none', 'ro', 'rw'], {
      default: 'rw', description: 'What tools see: `rw` the agent\'s workspace, `ro` the same and nothing can be changed in it, `none` an empty scratch workspace instead.',
    }),
    readOnly: Type.Array(Type.String({ minLength: 2, maxLength: 1_024 }), {
      default: [], description: 'Further folders that commands may read, as absolute paths (a language under /opt). Home folders, /etc, /var, /run, sockets and the gateway\'s own files are refused.',
    }),
    memoryMb: Type.Integer({ default: 2_048, minimum: 64, maximum: 1_048_576, description: 'The most memory of one command with all its children, in MiB; beyond that it is ended.' }),
    processes: Type.Integer({ default: 512, minimum: 16, maximum: 32_768, description: 'The most processes and threads of one command.' }),
    fileMb: Type.Integer({ default: 1_024, minimum: 1, maximum: 1_048_576, description: 'The largest file a command may write, in MiB.' }),
    diskMb: Type.Integer({ default: 4_096, minimum: 1, maximum: 10_485_760, description: 'How much one command may make the disk fuller, in MiB; beyond that it is ended.' }),
    diskReserveMb: Type.Integer({ default: 512, minimum: 0, maximum: 1_048_576, description: 'So much of the disk stays free whatever commands do, in MiB. Messages need room to be written down.' }),
    openFiles: Type.Integer({ default: 1_024, minimum: 32, maximum: 1_048_576, description: 'The most files one process may hold open.' }),
    tmpMb: Type.Integer({ default: 256, minimum: 1, maximum: 65_536, description: 'Size of the temporary and the home folder, each, in MiB. They are in memory and gone when the command ends.' }),
    docker: Type.Object({
      image: Type.String({ default: 'debian:bookworm-slim', maxLength: 300, description: 'The image commands run in with `docker` or `podman`. It must be there already: nothing is fetched.' }),
    }, { default: {}, description: 'For the container engines only.' }),
  }, { default: {} }),
})
export type SandboxConfig = Static<typeof sandboxSection.schema>

/** What one agent has otherwise than all. */
export type OwnSandbox = { [Key in keyof Omit<SandboxConfig, 'docker'>]?: SandboxConfig[Key] | undefined } & { docker?: { image?: string | undefined } | undefined }

/** The settings of one agent: its own over those of all. */
export function withOwn(all: SandboxConfig, { docker, ...own }: OwnSandbox): SandboxConfig {
  const set = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Partial<SandboxConfig>
  return { ...all, ...set, docker: { image: docker?.image ?? all.docker.image } }
}

/** How long commands may take and wait, and which are asked about. */
export const execSection = defineSection({
  path: 'tools.exec',
  title: 'Running commands',
  reload: 'hot',
  schema: Type.Object({
    backgroundMs: Type.Integer({ default: 10_000, minimum: 0, maximum: 540_000, description: 'A command that is not done by then goes on in the background, in ms.' }),
    timeoutSec: Type.Integer({ default: 1_800, minimum: 1, maximum: 86_400, description: 'A command that takes longer is ended with all its children, in seconds.' }),
    security: choice(['deny', 'allowlist', 'full'], {
      default: 'full', description: 'What runs without a question: `full` any command in the sandbox, while the conversation has read nothing from outside; `allowlist` only what `allowlist` and `safeBins` cover; `deny` nothing, and nothing is asked.',
    }),
    ask: choice(['off', 'on-miss', 'always'], {
      default: 'on-miss', description: 'What happens with a command that needs a yes: `on-miss` somebody is asked, `off` it is refused. `always` asks about each command, covered or not.',
    }),
    allowlist: Type.Array(Type.String({ minLength: 1, maxLength: 1_000 }), {
      default: [], maxItems: 500, description: 'Commands that run without a question even after strangers\' words were read: `git status` is exactly that, `ls *` takes any further words. Lines with anything a shell expands are never covered.',
    }),
    safeBins: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      default: ['jq', 'grep', 'cut', 'sort', 'uniq', 'head', 'tail', 'tr', 'wc'], maxItems: 64, description: 'Filters that need no entry of `allowlist` while they name no file and use only options that start, read and write nothing. Only these and `cat` can be filters.',
    }),
    notifyOnExit: Type.Boolean({ default: true, description: 'Whether a command that went on in the background wakes its conversation when it ends: a turn that costs what turns cost. Off: the end is kept for the next turn.' }),
    cleanupMs: Type.Integer({ default: 1_800_000, minimum: 60_000, maximum: 10_800_000, description: 'How long the output of an ended command is kept, in ms.' }),
  }, { default: {} }),
})
export type ExecConfig = Static<typeof execSection.schema>
