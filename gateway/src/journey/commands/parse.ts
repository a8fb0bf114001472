import { thinkingLevels, type ThinkingLevel } from '@moltbot/contract'
import type { ChatCommand } from './types.ts'

/** Words that stop everything when they are the whole message. */
const stopWords = new Set(['stop', 'esc', 'abort', 'wait', 'exit', 'interrupt'])

export type Parsed =
  | { kind: 'command'; command: ChatCommand; args: string }
  /** A directive in front of words: it holds for that turn only and is removed from them. */
  | { kind: 'text'; text: string; thinking?: ThinkingLevel; model?: string }

/** Without a prototype: `constructor` is no level. */
export const thinkingWords: Record<string, ThinkingLevel> = Object.assign(Object.create(null) as Record<string, ThinkingLevel>, {
  ...Object.fromEntries(thinkingLevels.map((level) => [level, level])), none: 'off', on: 'medium', min: 'minimal', med: 'medium', mid: 'medium', max: 'xhigh', highest: 'xhigh',
} satisfies Record<string, ThinkingLevel>)

/**
 * Reads a message as a command: it must begin with `/name` (an optional `:` after it), be nothing else but the command and its
 * arguments, and not stand in a quote or a code fence. Unknown names are ordinary text, and so is `/name@someone`: a channel takes
 * its own name off, what still has one is said to another. `freshWords`: phrases that begin a
 * conversation afresh like `/new`, when a message begins with one.
 */
export function parseCommand(text: string, commands: readonly ChatCommand[], resolveModel: (name: string) => string | undefined, freshWords: readonly string[] = []): Parsed {
  const trimmed = text.trim()
  if (stopWords.has(trimmed.toLowerCase())) {
    const stop = commands.find((command) => command.name === 'stop')
    if (stop !== undefined) return { kind: 'command', command: stop, args: '' }
  }
  const fresh = commands.find((command) => command.name === 'new')
  for (const words of freshWords.map((each) => each.trim()).filter((each) => each !== '')) {
    const rest = trimmed.slice(words.length)
    if (fresh !== undefined && trimmed.slice(0, words.length).toLowerCase() === words.toLowerCase() && /^(?:\s|$)/.test(rest)) return { kind: 'command', command: fresh, args: rest.trim() }
  }
  const match = /^\/([a-z][a-z0-9_-]{0,31}):?(?=\s|$)\s*/i.exec(trimmed)
  if (match === null) return { kind: 'text', text }
  const name = match[1]?.toLowerCase() ?? ''
  const command = commands.find((each) => each.name === name || each.aliases.includes(name))
  if (command === undefined) return { kind: 'text', text }
  const args = trimmed.slice(match[0].length)
  const [first = '', ...more] = args.split(/\s+/)
  const rest = args.slice(first.length).trim()
  if (more.length > 0 && rest !== '') {
    const level = thinkingWords[first.toLowerCase()]
    if (command.name === 'think' && level !== undefined) return { kind: 'text', text: rest, thinking: level }
    const model = command.name === 'model' ? resolveModel(first) : undefined
    if (model !== undefined) return { kind: 'text', text: rest, model }
  }
  return { kind: 'command', command, args }
}
