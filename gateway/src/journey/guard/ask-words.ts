import type { OutgoingButton } from '@moltbot/contract'
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

/** The same answers to tap. */
export function askButtons({ code, always }: Pick<Approval, 'code' | 'always'>): OutgoingButton[] {
  return [
    { label: 'Allow once', says: `/approve ${code} once` }, ...(always === null ? [] : [{ label: 'Always', says: `/approve ${code} always` }]), { label: 'Deny', says: denial(code) },
  ]
}

/** Whether these buttons answer this question. */
export function asksFor(buttons: readonly OutgoingButton[], { code }: Pick<Approval, 'code'>): boolean {
  return buttons.some(({ says }) => says === denial(code))
}

const denial = (code: string): string => `/deny ${code}`

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
