/** What the end of a line means, and what to do. `status` is the library's number: HTTP's where WhatsApp gave one. */
export type Ending =
  /** Go on by ourselves. `soon`: WhatsApp asked for it, without a pause. */
  | { kind: 'again'; reason: string; soon?: boolean; throttledMs?: number }
  /** Only a person can mend it. */
  | { kind: 'stop'; reason: string; action: string }

export const linkAgain = 'Link it again: `moltbot channels login --channel whatsapp`.'
const lookAtPhone = 'Open WhatsApp on the telephone and read what it says about the account.'
const oneAtATime = 'Stop the other program that uses this link, or link this gateway anew: `moltbot channels login --channel whatsapp`. Then restart the channel: `moltbot gateway restart`.'
const update = 'Update Moltbot, or set channels.whatsapp.webVersion to the version WhatsApp Web has today.'
/** How long WhatsApp is left in peace after it said that we are too fast; it names no time itself. */
export const throttleMs = 60_000

export function readEnding(status: number | undefined): Ending {
  switch (status) {
    case 401:
      return { kind: 'stop', reason: 'WhatsApp does not know this device any more: it was removed on the telephone, or not used for too long.', action: linkAgain }
    case 402:
      return { kind: 'stop', reason: 'WhatsApp has suspended this number for some time.', action: lookAtPhone }
    case 403:
    case 406:
      return { kind: 'stop', reason: 'WhatsApp refuses this number.', action: lookAtPhone }
    case 411:
      return { kind: 'stop', reason: 'The telephone’s WhatsApp is too old for linked devices.', action: 'Update WhatsApp on the telephone.' }
    case 405:
    case 409:
      return { kind: 'stop', reason: 'WhatsApp calls this version of WhatsApp Web outdated.', action: update }
    case 440:
      return { kind: 'stop', reason: 'Another program took this link over; two of them would throw each other out.', action: oneAtATime }
    case 429:
      return { kind: 'again', reason: 'WhatsApp asks us to slow down.', throttledMs: throttleMs }
    case 515:
      return { kind: 'again', reason: 'WhatsApp asked for a new connection.', soon: true }
    case 408:
      return { kind: 'again', reason: 'WhatsApp does not answer. Check the connection to the internet.' }
    case 428:
      return { kind: 'again', reason: 'The connection to WhatsApp was closed.' }
    case 503:
      return { kind: 'again', reason: 'WhatsApp is not available just now.' }
    default:
      return { kind: 'again', reason: `The connection to WhatsApp failed${status === undefined ? '' : ` (${status})`}.` }
  }
}

/** The number in an error of the library. */
export function statusOf(error: unknown): number | undefined {
  const { data, output } = (error ?? {}) as { data?: unknown; output?: { statusCode?: unknown } }
  // An answer of WhatsApp that is an error bears its number in `data`.
  if (typeof data === 'number') return data
  return typeof output?.statusCode === 'number' ? output.statusCode : undefined
}
