import { Problem } from '@moltbot/contract'
import type { GatewayClient } from '@moltbot/contract'
import { printable, printableLine } from './printable.ts'
import { durationWords } from './time-words.ts'
import { asFields, asList, asNumber, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

/** One question in a few lines: what would happen, why it is asked, and what answers it. */
export function approvalLines(approval: Fields, now: number): string[] {
  const what = printable(asText(asFields(approval['request'])['command']) ?? asText(approval['tool']) ?? '')
  const left = (asNumber(approval['expiresAtMs']) ?? now) - now
  const state = asText(approval['state']) ?? 'pending'
  const always = asText(approval['always'])
  return [
    `${asText(approval['code']) ?? asText(approval['id']) ?? '?'}  ${state === 'pending' ? `no answer within ${durationWords(left)} means no` : state}`,
    ...what.split('\n').map((line) => `  ${line}`),
    `  why: ${printableLine(asText(approval['reason']) ?? '')}; for ${printableLine(asText(approval['principal']) ?? '?')}`,
    ...(always === undefined ? [] : [`  for good would mean: ${printableLine(always)}`]),
  ]
}

/** The open question of that code or id. Throws `usage`. */
export async function findQuestion(client: GatewayClient, given: string): Promise<Fields> {
  const open = asList(await client.request('exec.approval.list'))
  const found = open.find((approval) => asText(approval['id']) === given || asText(approval['code']) === given.toUpperCase())
  if (found === undefined) throw new Problem('usage', `No open question is called "${given}".`, { next: 'See what is open: moltbot approvals' })
  return found
}
