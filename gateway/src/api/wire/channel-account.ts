import { defaultAccount, Problem, type AccountId, type Channel } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'

export interface ChannelAccount {
  channel: Channel
  account: AccountId
  /** Where the account's keys stand in the file: the channel's own place, or its entry under `accounts`. */
  place: string
}

/** The network and login a request is about. Throws `Problem('channel-unsupported')` and `Problem('account-unknown')`. */
export function channelAccount(rooms: Pick<Rooms, 'channels' | 'config'>, wanted: string, accountId: string | undefined): ChannelAccount {
  const channel = rooms.channels.find((known) => known.id === wanted.trim().toLowerCase() && known.senders === 'platform')
  if (channel === undefined) throw new Problem('channel-unsupported', `unsupported channel: ${wanted}.`, { next: `There are: ${rooms.channels.flatMap(({ id, senders }) => (senders === 'platform' ? [id] : [])).join(', ')}.` })
  const account = (accountId ?? defaultAccount) as AccountId
  const { accounts = {} } = rooms.config.get(channel.config) as { accounts?: Record<string, unknown> }
  const named = Object.hasOwn(accounts, account)
  if (!named && account !== defaultAccount) throw new Problem('account-unknown', `${channel.label} has no account called ${JSON.stringify(account)}.`, { next: `There ${Object.keys(accounts).length === 0 ? `is one without a name: leave ${JSON.stringify(account)} out` : `are: ${Object.keys(accounts).join(', ')}`}.` })
  return { channel, account, place: named ? `${channel.config.path}.accounts${step(account)}` : channel.config.path }
}

function step(name: string): string {
  return /^[^.[\]"'\\]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

/** The keys of a channel's own place that are secrets: what a person needs to log in with a token. */
export function tokenKeys(channel: Channel): string[] {
  return (channel.config.secrets ?? []).filter((path) => !path.includes('*'))
}
