import type { Approval } from './types.ts'

/** A question as the person reads it in the chat: what would happen, why it is asked, and the words that answer it. */
export function askWords(approval: Approval, options: { ownerOnly: boolean; minutes: number }): string {
  const longest = Math.max(0, ...[...approval.summary.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(Math.max(3, longest + 1))
  const minutes = options.minutes === 1 ? '1 minute' : `${options.minutes} minutes`
  return [
    `🔐 **May I?** ${sentence(approval.reason)}`, '', fence, approval.summary, fence, '',
    `\`/approve ${approval.code}\` once${approval.always === null ? '' : ` · \`/approve ${approval.code} always\` (${approval.always.replaceAll('`', '\'')})`} · \`/deny ${approval.code}\``,
    `${options.ownerOnly ? 'Only the owner can answer this. ' : ''}No answer within ${minutes} means no.`,
  ].join('\n')
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
