import type { Effect } from '@moltbot/contract'
import type { GatewayConfig } from '../config.ts'

type NotificationAnswers = GatewayConfig['controlUi']['notificationAnswers']

/**
 * Whether a yes to these effects may be given from a notification, which a locked screen shows to whoever holds the phone. A no always may.
 * `careful`: only to what neither leaves the workspace nor does anything that cannot be looked at and undone there.
 */
export function mayAllowFromNotification(effects: readonly Effect[], answers: NotificationAnswers): boolean {
  if (answers !== 'careful') return answers === 'all'
  return effects.length > 0 && effects.every(({ kind }) => kind === 'reads-private' || kind === 'reads-untrusted' || kind === 'writes-workspace')
}
