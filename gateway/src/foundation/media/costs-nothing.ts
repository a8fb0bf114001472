import { Problem } from '@moltbot/contract'

/** Nothing was sent, or it was refused in words. Whatever broke off in another way may have been done and is paid for. */
const refusals = new Set([
  'media-refused', 'media-unset', 'speech-refused', 'speech-unset', 'egress-url', 'egress-port', 'egress-host-refused', 'egress-address-refused', 'egress-unresolved', 'egress-unreachable', 'egress-off', 'egress-quota', 'egress-secret', 'egress-certificate',
])

/** Whether a provider takes nothing for a request that ended so. */
export function costsNothing(error: unknown): boolean {
  return error instanceof Problem && refusals.has(error.code)
}
