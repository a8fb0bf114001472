/** The system prompt of a conversation, from its agent, its place and who may be told what. */
import { createHash } from 'node:crypto'
import type { ChatRef, Clock } from '@moltbot/contract'
import { isElevated } from './elevated.ts'
import type { Agents } from './foundation/agents/index.ts'
import { withoutMarks } from './foundation/memory/index.ts'
import { buildSystemPrompt, promptDate } from './journey/agent/index.ts'
import { toolSpecs } from './journey/run-agent.ts'
import { isSubAgent } from './journey/sandbox/index.ts'
import type { SessionsNeeds } from './journey/sessions/index.ts'
import type { Toolbox } from './toolbox.ts'

export function createSessionPrompt({ clock, agents, toolbox, channelLabel }: {
  clock: Clock
  agents: Pick<Agents, 'get' | 'files'>
  toolbox: Pick<Toolbox, 'offeredTo'>
  channelLabel(chat: ChatRef | null): string
}): SessionsNeeds['prompt'] {
  return async (agent, principal, kind, chat) => {
    const facts = agents.get(agent)
    // What is known of the owner stands in the owner's private chats alone.
    const privy = kind === 'direct' && isElevated(principal)
    // Our own ways in name a conversation by its key.
    const key = chat?.chat
    const isChild = key !== undefined && isSubAgent(key)
    const files = (await agents.files(agent)).filter((file) => (privy && !isChild) || !['USER.md', 'MEMORY.md'].includes(file.name))
      .map((file) => (file.name === 'MEMORY.md' && file.text !== undefined ? { ...file, text: withoutMarks(file.text) } : file))
    const parts = {
      agent: { id: agent, name: facts.name, emoji: facts.emoji, ...(facts.theme === null ? {} : { theme: facts.theme }) },
      files, tools: toolSpecs(await toolbox.offeredTo(agent, principal, { session: key, chat: chat ?? undefined }), principal).map((tool) => tool.name), ...(isChild ? { audience: 'sub-agent' as const } : {}), chat: { label: channelLabel(chat), kind },
      bootstrapMaxChars: facts.bootstrapMaxChars, ...(facts.userTimezone === undefined ? {} : { timeZone: facts.userTimezone }),
    }
    const undated = buildSystemPrompt({ ...parts, date: '' })
    return { text: buildSystemPrompt({ ...parts, date: promptDate(clock.now(), facts.userTimezone) }), hash: createHash('sha256').update(undated).digest('hex') }
  }
}
