import type { ChatRef } from '@moltbot/contract'
import type { SessionConfig } from './config.ts'

type Rule = SessionConfig['reset']

/** Which reset rule applies to a chat: channel beats type beats global. */
export function resetRuleFor(config: SessionConfig, chat: ChatRef): Rule {
  const byChannel = config.resetByChannel[chat.channel]
  if (byChannel !== undefined) return byChannel
  const byType = chat.thread !== undefined ? config.resetByType.thread : chat.kind === 'direct' ? (config.resetByType.direct ?? config.resetByType.dm) : config.resetByType.group
  return byType ?? config.reset
}

/** The last time the daily reset fell due, at `hour` in the process's zone. */
function lastDaily(now: number, hour: number): number {
  const today = new Date(now)
  const due = (daysAgo: number): number => new Date(today.getFullYear(), today.getMonth(), today.getDate() - daysAgo, hour).getTime()
  return due(0) > now ? due(1) : due(0)
}

/** Whether the next message of a session starts it afresh: by the day since it began, or by the pause since a person last spoke. */
export function isStale(rule: Rule, session: { startedAt: number; lastUserAt: number | null }, now: number): boolean {
  if (rule.mode === 'none') return false
  if (rule.mode === 'daily' && session.startedAt < lastDaily(now, rule.atHour)) return true
  const idleMinutes = rule.idleMinutes ?? (rule.mode === 'idle' ? 60 : undefined)
  return idleMinutes !== undefined && session.lastUserAt !== null && now - session.lastUserAt > idleMinutes * 60_000
}
