import type { Facts } from '@moltbot/contract'
import { asFields, configPath, wordsOf } from './config-value.ts'
import type { Fields } from './config-value.ts'

/** One login on a network other people can write on, as configured. */
export interface ChannelAccount {
  channel: string
  label: string
  account: string
  /** Where it stands in the configuration (`channels.x`, `channels.x.accounts.y`). */
  path: string
  /** The same, key by key. */
  keys: readonly string[]
  /** Its keys, each from the account or else from the channel's section. */
  settings: Fields
  dmPolicy: string
  /** From the account, the section, or `channels.defaults`. */
  groupPolicy: string
  allowFrom: string[]
  groupAllowFrom: string[]
}

/** Every login that is switched on. */
export function channelAccounts(facts: Facts): ChannelAccount[] {
  const all = asFields(facts.config.effective['channels'])
  const defaultGroupPolicy = asFields(all['defaults'])['groupPolicy']
  return facts.channels.filter(({ senders }) => senders === 'platform').flatMap(({ id, label }) => {
    const section = asFields(all[id])
    const { accounts, ...shared } = section
    const further = Object.entries(asFields(accounts)).map(([account, own]) => ({ account, keys: ['channels', id, 'accounts', account], settings: { ...shared, ...asFields(own) } as Fields }))
    return [{ account: 'default', keys: ['channels', id], settings: shared as Fields }, ...further].flatMap(({ account, keys, settings }) => {
      if (settings['enabled'] === false) return []
      const written = keys.slice(1).reduce<Fields>((value, key) => asFields(value[key]), asFields(facts.config.written['channels']))
      const shareWritten = asFields(asFields(facts.config.written['channels'])[id])
      // A section's default must not hide what is said for all channels.
      const groupPolicy = written['groupPolicy'] ?? shareWritten['groupPolicy'] ?? defaultGroupPolicy ?? settings['groupPolicy']
      return [{
        channel: id, label, account, path: configPath(keys), keys, settings,
        dmPolicy: typeof settings['dmPolicy'] === 'string' ? settings['dmPolicy'] : 'pairing',
        groupPolicy: typeof groupPolicy === 'string' ? groupPolicy : 'allowlist',
        // Older guides call the lists by other names; both count.
        allowFrom: [...wordsOf(settings['allowFrom']), ...wordsOf(settings['dmAllowlist'])], groupAllowFrom: [...wordsOf(settings['groupAllowFrom']), ...wordsOf(settings['groupAllowlist'])],
      }]
    })
  })
}

/** Everyone, in a list of senders. */
export function isEveryone(entry: string): boolean {
  return entry.trim() === '*'
}
