/** By which words a group addresses the assistant: what the configuration says for all agents, and for each. */
import type { ConfigView } from '@moltbot/contract'
import type { Agents } from './foundation/agents/index.ts'
import { messagesSection } from './journey/sessions/index.ts'

/** A pattern longer than this is none. */
const patternLengthMax = 200

export function mentionPatterns({ config, agents }: { config: ConfigView; agents: Pick<Agents, 'ids' | 'get'> }): () => RegExp[] {
  return () => validPatterns([...config.get(messagesSection).groupChat.mentionPatterns, ...agents.ids().flatMap((id) => agents.get(id).mentionPatterns)])
}

/** Patterns a person wrote, as far as they are valid and short; a broken one never opens a gate. */
function validPatterns(sources: readonly string[]): RegExp[] {
  return sources.flatMap((source) => {
    if (source.trim() === '' || source.length > patternLengthMax) return []
    try {
      return [new RegExp(source, 'iu')]
    } catch {
      // Not a regular expression: it matches nothing. The configuration check names it.
      return []
    }
  })
}
