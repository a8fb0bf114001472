import { Problem, type Channel } from '@moltbot/contract'
import Type, { type Static } from 'typebox'
import type { LoginAttempt } from '../../foundation/connections/types.ts'
import type { Rooms } from '../rooms.ts'
import { channelAccount, type ChannelAccount } from './channel-account.ts'
import { codeImage } from './code-image.ts'

/** How a login by steps stands, for every client. */
export const LoginAnswer = Type.Object({
  channel: Type.String(),
  accountId: Type.String(),
  state: Type.Union([Type.Literal('scan'), Type.Literal('type'), Type.Literal('working'), Type.Literal('done'), Type.Literal('failed')]),
  connected: Type.Boolean(),
  /** How often it changed so far; handed to `web.login.wait` as `seen`, nothing in between is missed. */
  changes: Type.Integer(),
  /** With `failed`: nobody did their part in time, it was called off, or somebody or something said no. */
  ended: Type.Optional(Type.Union([Type.Literal('timed-out'), Type.Literal('called-off'), Type.Literal('refused')])),
  /** One sentence for a person: what to do, or how it ended. */
  message: Type.String(),
  /** What the QR code says, for clients that draw it themselves, and the same as a picture. */
  qr: Type.Optional(Type.String()),
  qrDataUrl: Type.Optional(Type.String()),
  /** The code stands until then, epoch ms. */
  until: Type.Optional(Type.Integer()),
  /** To be typed on the telephone. */
  code: Type.Optional(Type.String()),
})

export async function loginAnswer({ channel, account }: Pick<ChannelAccount, 'channel' | 'account'>, attempt: LoginAttempt, image: boolean): Promise<Static<typeof LoginAnswer>> {
  const base = { channel: channel.id as string, accountId: account as string, changes: attempt.changes() }
  const state = attempt.state()
  if (state.kind === 'done') return { ...base, state: 'done', connected: true, message: `${channel.label} is linked: ${state.detail}.` }
  if (state.kind === 'failed') return { ...base, state: 'failed', connected: false, ended: endOf(state.problem.code), message: state.problem.explain() }
  const { step } = state
  switch (step?.kind) {
    case 'scan':
      return { ...base, state: 'scan', connected: false, message: step.how, qr: step.payload, until: Math.round(step.until), ...(image ? { qrDataUrl: await codeImage(step.payload) } : {}) }
    case 'type':
      return { ...base, state: 'type', connected: false, message: step.how, code: step.code }
    case 'working':
      return { ...base, state: 'working', connected: false, message: step.sentence }
    default:
      return { ...base, state: 'working', connected: false, message: `${channel.label} is being asked.` }
  }
}

/** As the networks name these ends; what none of them names is a no. */
function endOf(code: string): 'timed-out' | 'called-off' | 'refused' {
  return code.endsWith('login-expired') ? 'timed-out' : code.endsWith('login-ended') ? 'called-off' : 'refused'
}

/**
 * The account a login is about. Where no network is named, it is the one that is logged in by steps and is switched on; where that is not one,
 * it has to be named. Throws `login-unsupported`, `login-unclear`, `channel-unsupported`, `account-unknown`.
 */
export function loginAccount(rooms: Pick<Rooms, 'channels' | 'config' | 'connections'>, channel: string | undefined, accountId: string | undefined): ChannelAccount {
  const found = channelAccount(rooms, channel ?? onlyOne(rooms).id, accountId)
  if (found.channel.login === undefined) throw new Problem('login-unsupported', `${found.channel.label} is not logged in by telephone.`, { next: `Put another token in with: moltbot channels add --channel ${found.channel.id} --force. Take the login away with: moltbot channels remove --channel ${found.channel.id} --delete` })
  return found
}

function onlyOne(rooms: Pick<Rooms, 'channels' | 'connections'>): Channel {
  const all = rooms.channels.filter((each) => each.login !== undefined)
  const on = all.filter(({ id }) => rooms.connections.status().some((status) => status.channel === id))
  const [one, ...others] = on.length > 0 ? on : all
  if (one === undefined) throw new Problem('login-unsupported', 'web login provider is not available.', { next: 'Set a token in the configuration instead.' })
  if (others.length > 0) throw new Problem('login-unclear', 'Several networks are logged in by steps.', { next: `Say which: ${[one, ...others].map(({ id }) => id).join(', ')}.` })
  return one
}
