import type { AccountId, ChannelId, Migration, SealedValues, Store } from '@moltbot/contract'

export const sealedValuesMigration: Migration = {
  name: '0002-channel-sealed',
  sql: 'CREATE TABLE channel_sealed (channel TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (channel, account, name))',
}

/** Who seals: texts bound to facts, under a key this room never sees. */
export interface Sealer {
  open(): Promise<{ seal(facts: readonly string[], text: string): string; unseal(facts: readonly string[], sealed: string): string }>
}

const valueLengthMax = 1_048_576
/** Names asked for at once. */
const namesMax = 200

/** The sealed values of one account. */
export function sealedValuesOf(store: Store, sealer: Sealer, channel: ChannelId, account: AccountId): SealedValues {
  const factsOf = (name: string): string[] => ['channel', channel, account, name]
  return {
    async get(names) {
      const rows: { name: string; value: string }[] = []
      for (let at = 0; at < names.length; at += namesMax) {
        const part = names.slice(at, at + namesMax)
        rows.push(...await store.read.all<{ name: string; value: string }>(
          `SELECT name, value FROM channel_sealed WHERE channel = ? AND account = ? AND name IN (${part.map(() => '?').join(', ')})`, channel, account, ...part,
        ))
      }
      if (rows.length === 0) return new Map()
      const { unseal } = await sealer.open()
      return new Map(rows.map(({ name, value }) => [name, unseal(factsOf(name), value)]))
    },
    async set(values) {
      const { seal } = await sealer.open()
      const changes = [...values].map(([name, value]) => {
        if (value !== undefined && value.length > valueLengthMax) throw new Error(`the sealed value ${name} is larger than 1 MiB`)
        return { name, value: value === undefined ? undefined : seal(factsOf(name), value) }
      })
      await store.transaction(async (tx) => {
        for (const { name, value } of changes) {
          if (value === undefined) await tx.run('DELETE FROM channel_sealed WHERE channel = ? AND account = ? AND name = ?', channel, account, name)
          else {
            await tx.run(
              'INSERT INTO channel_sealed (channel, account, name, value) VALUES (?, ?, ?, ?) ON CONFLICT (channel, account, name) DO UPDATE SET value = excluded.value',
              channel, account, name, value,
            )
          }
        }
      })
    },
    async clear() {
      await store.transaction((tx) => tx.run('DELETE FROM channel_sealed WHERE channel = ? AND account = ?', channel, account))
    },
  }
}
