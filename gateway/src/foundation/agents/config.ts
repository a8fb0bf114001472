import { defineSection, thinkingLevels, typingKeys } from '@moltbot/contract'
import type { ThinkingLevel } from '@moltbot/contract'
import { Type } from 'typebox'
import type { Static, TUnsafe } from 'typebox'
import { toolProfiles, type ToolProfile } from './tool-policy.ts'

/** An agent's id is part of session keys, folder names and addresses. */
const agentIdPattern = '^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$'

const modelChoice = (description: string) =>
  Type.Optional(Type.Union([
    Type.String({ description: '`provider/model`, a bare model id or an alias.' }),
    Type.Object({
      primary: Type.Optional(Type.String({ description: 'The model that is asked first: `provider/model`, a bare id or an alias. Absent: the first usable one.' })),
      fallbacks: Type.Array(Type.String(), { default: [], description: 'Asked in this order when the first cannot answer.' }),
    }),
  ], { description }))

const thinking = (description: string) => Type.Optional(Type.Unsafe<ThinkingLevel>(Type.Union(thinkingLevels.map((level) => Type.Literal(level)), { description })) as TUnsafe<ThinkingLevel>)

const toolNames = (description: string) => Type.Array(Type.String({ maxLength: 100 }), { maxItems: 200, description })
const noTools = (description: string) => Type.Array(Type.String({ maxLength: 100 }), { maxItems: 200, description, default: [] })
const toolLists = {
  allow: Type.Optional(toolNames('Only these tools. Absent: all that the profile has. Names, groups (`group:fs`, `group:runtime`, `group:web`, `group:memory`, `group:sessions`, `group:messaging`, `group:nodes`) or `*`.')),
  alsoAllow: noTools('These too, besides what the profile has.'),
  deny: noTools('Never these tools; stronger than everything that allows.'),
}
const profileNames = toolProfiles.map((name) => Type.Literal(name))

const words = <const Values extends readonly string[]>(values: Values, description: string) => Type.Optional(Type.Unsafe<Values[number]>(Type.Union(values.map((value) => Type.Literal(value)), { description })))
const most = (minimum: number, maximum: number, description: string) => Type.Optional(Type.Integer({ minimum, maximum, description }))

/** The keys of `agents.defaults.sandbox`, each for one agent; the sandbox knows what they mean. */
const ownSandbox = Type.Optional(Type.Object({
  backend: words(['auto', 'bwrap', 'docker', 'podman'], 'What isolates.'),
  scope: words(['session', 'agent', 'shared'], 'Who shares a scratch workspace.'),
  workspaceAccess: words(['none', 'ro', 'rw'], 'What its tools see of the workspace.'),
  readOnly: Type.Optional(Type.Array(Type.String({ minLength: 2, maxLength: 1_024 }), { description: 'Further folders its commands may read, in place of those of all agents.' })),
  memoryMb: most(64, 1_048_576, 'The most memory of one command with all its children, in MiB.'),
  processes: most(16, 32_768, 'The most processes and threads of one command.'),
  fileMb: most(1, 1_048_576, 'The largest file a command may write, in MiB.'),
  diskMb: most(1, 10_485_760, 'How much one command may make the disk fuller, in MiB.'),
  openFiles: most(32, 1_048_576, 'The most files one process may hold open.'),
  tmpMb: most(1, 65_536, 'Size of the temporary and the home folder, each, in MiB.'),
  docker: Type.Optional(Type.Object({ image: Type.Optional(Type.String({ maxLength: 300, description: 'The image its commands run in.' })) }, { description: 'For the container engines only.' })),
}, { description: 'How its commands are isolated. What is absent is as in `agents.defaults.sandbox`.' }))

const toolPolicy = Type.Optional(Type.Object({
  profile: Type.Optional(Type.Unsafe<ToolProfile>(Type.Union(profileNames, { description: 'The set this agent begins with. Absent: `tools.profile`.' })) as TUnsafe<ToolProfile>),
  ...toolLists,
  exec: Type.Optional(Type.Object({
    allowlist: Type.Array(Type.String({ minLength: 1, maxLength: 1_000 }), { default: [], maxItems: 500, description: 'Commands of this agent that run without a question, besides those of `tools.exec.allowlist`.' }),
  }, { description: 'About its commands.' })),
}, { description: 'Which tools this agent has. Absent: as in `tools`.' }))

/** Which tools there are for all agents, and how far one conversation sees others. */
export const toolsSection = defineSection({
  path: 'tools',
  title: 'Which tools the assistant has',
  reload: 'hot',
  schema: Type.Object({
    profile: Type.Unsafe<ToolProfile>(Type.Union(profileNames, {
      default: 'standard',
      description: 'The set every agent begins with. `minimal`: its own status. `messaging`: memory, messages, other conversations. `coding`: files, commands, web, memory, other conversations. `standard`: everything but other conversations, `apply_patch`, `pdf` and `browser`. `full`: everything.',
    })),
    ...toolLists,
    sessions: Type.Object({
      visibility: Type.Unsafe<'self' | 'tree' | 'agent' | 'all'>(Type.Union(['self', 'tree', 'agent', 'all'].map((word) => Type.Literal(word)), {
        default: 'tree', description: 'Which other conversations of the same person one may read and write to: none, those it began itself, those of the same agent, all. In groups never more than `tree`.',
      })),
      concurrentMax: Type.Integer({ default: 8, minimum: 1, maximum: 64, description: 'How many sub-agents work at once in the whole gateway; further ones are refused.' }),
    }, { default: {}, description: 'Other conversations and sub-agents.' }),
  }, { default: {} }),
})

const identity = Type.Optional(Type.Object({
  name: Type.Optional(Type.String({ maxLength: 64, description: 'What it calls itself. Absent: from IDENTITY.md.' })),
  theme: Type.Optional(Type.String({ maxLength: 200, description: 'Its manner in a few words (`a patient librarian`).' })),
  emoji: Type.Optional(Type.String({ maxLength: 16, description: 'Its sign in lists and reactions. Absent: from IDENTITY.md.' })),
  avatar: Type.Optional(Type.String({ maxLength: 512, description: 'Its picture: a file in its workspace or an https address.' })),
}, { description: 'Who it is. What is absent comes from its IDENTITY.md.' }))

/** The agents of this gateway and what they share. */
/** How the model is asked to write down what should last, where the configuration says nothing. */
const memoryFlushPrompt = 'Soon the older part of this conversation will be replaced by a summary. Write down now what should last and is not noted yet: facts, decisions, preferences, open requests. Use the memory tool, one fact a line; if that is refused, add to a file under memory/ in your workspace. Write no passwords or keys. Nobody reads what you say here: when there is nothing (more) to write, reply with exactly NO_REPLY.'

export const agentsSection = defineSection({
  path: 'agents',
  title: 'The assistant, its model and its workspace; further assistants',
  reload: 'hot',
  schema: Type.Object({
    defaults: Type.Object({
      model: modelChoice('Which model answers, for agents that name none. Absent: the best one that has a key, else a local server, else the built-in assistant.'),
      imageModel: modelChoice('Which model describes pictures to one that cannot see. Absent: one that sees, of the providers that get the conversation anyway; without any, pictures are only named.'),
      models: Type.Record(Type.String(), Type.Object({
        alias: Type.Optional(Type.String({ maxLength: 40, description: 'A short name for /model and model keys.' })),
        params: Type.Record(Type.String(), Type.Unknown(), { default: {}, description: 'Settings for this model, as its provider names them.' }),
      }), { default: {}, description: 'Models by `provider/model`, with short names and settings.' }),
      workspace: Type.Optional(Type.String({ description: 'The folder the default agent works in. Absent: ~/.moltbot/workspace. Other agents use ~/.moltbot/workspace-<id>.' })),
      skipBootstrap: Type.Boolean({ default: false, description: 'Do not put the first files (AGENTS.md, SOUL.md …) into a new workspace.' }),
      bootstrapMaxChars: Type.Integer({ default: 20_000, minimum: 500, maximum: 200_000, description: 'How much of each workspace file stands in the prompt, in characters. Every one of them is paid for in every call.' }),
      userTimezone: Type.Optional(Type.String({ description: 'The owner\'s time zone (`Europe/Berlin`), for dates and times in prompts. Absent: the machine\'s.' })),
      contextTokens: Type.Optional(Type.Integer({ minimum: 16_000, maximum: 10_000_000, description: 'Use no more of a model\'s context window than this, in tokens. Absent: all of it.' })),
      thinkingDefault: thinking('How much a model thinks before it answers, where a session says nothing. Absent: as the model does by itself (off).'),
      timeoutSeconds: Type.Integer({ default: 600, minimum: 5, maximum: 172_800, description: 'A turn that takes longer is stopped, in seconds.' }),
      ...typingKeys({ mode: '`instant` in direct chats and where it was mentioned, `message` elsewhere.', seconds: '4.5, because networks show it for five.' }),
      maxConcurrent: Type.Integer({ default: 4, minimum: 1, maximum: 64, description: 'How many turns run at the same time in the whole gateway; more wait.' }),
      compaction: Type.Object({
        reserveTokensFloor: Type.Integer({ default: 20_000, minimum: 1_000, maximum: 500_000, description: 'Older history is summarised once less than this is left of the context window, in tokens; at most half of the window.' }),
        keepRecentTokens: Type.Integer({ default: 20_000, minimum: 1_000, maximum: 500_000, description: 'About how much of the latest history stays word for word, in tokens.' }),
        memoryFlush: Type.Object({
          enabled: Type.Boolean({ default: true, description: 'Before older history is summarised, let the model write down what should last. It costs one call more or two; nothing of it is said in the chat. Left out where the agent may not write in its workspace.' }),
          softThresholdTokens: Type.Integer({ default: 4_000, minimum: 0, maximum: 500_000, description: 'So many tokens before the summary is due.' }),
          prompt: Type.String({ default: memoryFlushPrompt, maxLength: 4_000, description: 'What the model is asked then.' }),
          systemPrompt: Type.String({ default: '', maxLength: 4_000, description: 'Stands behind the system prompt meanwhile. Empty: nothing, and the cached beginning of the prompt is used.' }),
        }, { default: {}, description: 'What is written down before older history is summarised.' }),
      }, { default: {}, description: 'When and how older history is summarised.' }),
    }, { default: {}, description: 'What holds for every agent that says nothing else.' }),
    list: Type.Array(Type.Object({
      id: Type.String({ pattern: agentIdPattern, description: 'Short name: 1 to 32 of a–z, 0–9 and `-`, part of session keys. Never change it.' }),
      default: Type.Boolean({ default: false, description: 'Answers where nothing else is decided. Without one, the first of the list.' }),
      name: Type.Optional(Type.String({ maxLength: 64, description: 'Shown in lists. Absent: the name of its identity.' })),
      workspace: Type.Optional(Type.String({ description: 'The folder it works in. Two agents with one folder share all files.' })),
      model: modelChoice('Which model answers. Absent: as in defaults.'),
      thinkingDefault: thinking('How much it thinks. Absent: as in defaults.'),
      identity,
      groupChat: Type.Optional(Type.Object({
        mentionPatterns: Type.Array(Type.String({ maxLength: 200 }), { default: [], description: 'Regular expressions (case-insensitive) that count as addressing this agent in a group.' }),
      }, { description: 'How groups address it.' })),
      tools: toolPolicy,
      sandbox: ownSandbox,
    }), { default: [], description: 'The agents. Empty: one agent called `main`.' }),
  }, { default: {} }),
})
export type AgentsConfig = Static<typeof agentsSection.schema>
