import type { WebClient } from '@slack/web-api'
import type { ChannelHost } from '@moltbot/contract'
import { isPlace, userOf } from './slack-id.ts'

const keptMax = 5_000
/** Names change rarely; asking for each message would use up what Slack allows. */
const freshMs = 3_600_000
const missingMs = 60_000
/** A message does not wait longer than this for a name: Slack wants its acknowledgement within 3 s. */
const patienceMs = 1_500
/** The most names looked up for one message. */
const askedMax = 12

/** Who and what is behind Slack's ids, asked for when needed and kept for an hour. Names are shown, never used to decide anything. */
export interface Directory {
  user(id: string): string | undefined
  channel(id: string): string | undefined
  /** Resolves once the names are there or it is no longer worth waiting. Never rejects. */
  learn(ids: readonly string[]): Promise<void>
  forget(id: string): void
}

export function createDirectory(api: WebClient, host: Pick<ChannelHost, 'clock' | 'log'>): Directory {
  const known = new Map<string, { name: string | undefined; until: number }>()
  const asking = new Map<string, Promise<void>>()

  async function ask(id: string): Promise<void> {
    let name: string | undefined
    try {
      if (isPlace(id)) name = (await api.conversations.info({ channel: id })).channel?.name
      else {
        const { user } = await api.users.info({ user: id })
        name = [user?.profile?.display_name, user?.profile?.real_name, user?.real_name, user?.name].find((each) => each !== undefined && each !== '')
      }
    } catch {
      // Without the scope or in a shared channel there is no name: the id has to do.
      host.log.debug('slack: a name could not be looked up')
    }
    known.delete(id)
    known.set(id, { name, until: host.clock.now() + (name === undefined ? missingMs : freshMs) })
    const oldest = known.size > keptMax ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
  }

  const nameOf = (id: string): string | undefined => known.get(id)?.name

  return {
    user: nameOf,
    channel: nameOf,
    async learn(ids) {
      const wanted = [...new Set(ids)].filter((id) => (isPlace(id) || userOf(id) === id) && (known.get(id)?.until ?? 0) <= host.clock.now()).slice(0, askedMax)
      if (wanted.length === 0) return
      for (const id of wanted) if (!asking.has(id)) asking.set(id, ask(id).finally(() => asking.delete(id)))
      let cancel = (): void => {}
      await Promise.race([Promise.all(wanted.map((id) => asking.get(id))), new Promise<void>((resolve) => (cancel = host.clock.after(patienceMs, resolve)))])
      cancel()
    },
    forget: (id) => void known.delete(id),
  }
}
