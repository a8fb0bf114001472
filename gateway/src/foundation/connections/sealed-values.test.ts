import { afterEach, beforeEach, expect, it } from 'vitest'
import { Secret, type AccountId, type ChannelId, type SealedValues, type Store } from '@moltbot/contract'
import { openStore } from '../storage/index.ts'
import { createSealing } from '../vault/index.ts'
import { sealedValuesMigration, sealedValuesOf } from './sealed-values.ts'

/** Logins that are keys of their own (WhatsApp), as they lie in the store. */
let store: Store
let of: (account: string, channel?: string) => SealedValues
beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [sealedValuesMigration] })
  const kept = new Map<string, string>()
  const sealer = createSealing({ get: (name) => (kept.has(name) ? new Secret(name, kept.get(name) ?? '') : undefined), set: async (name, value) => void kept.set(name, value) }, 'channels.sealing')
  of = (account, channel = 'whatsapp') => sealedValuesOf(store, sealer, channel as ChannelId, account as AccountId)
})
afterEach(() => store.close())
const run = (query: string, ...values: (string | number)[]): Promise<unknown> => store.transaction((tx) => tx.run(query, ...values))

it('keeps what an account sealed for that account, takes it back with it, and shows none of it in the store', async () => {
  await of('one').set(new Map([['creds', 'keys-of-one'], ['session', 's1']]))
  await of('two').set(new Map([['creds', 'keys-of-two']]))
  expect([...(await of('one').get(['creds', 'none']))]).toEqual([['creds', 'keys-of-one']])
  expect(JSON.stringify(await store.read.all('SELECT * FROM channel_sealed'))).not.toMatch(/keys-of|s1/)
  await of('one').clear()
  expect([(await of('one').get(['creds', 'session'])).size, (await of('two').get(['creds'])).get('creds')]).toEqual([0, 'keys-of-two'])
})

it.each<[string, () => Promise<unknown>]>([
  ['of another account, put in its place', () => run("UPDATE channel_sealed SET value = (SELECT value FROM channel_sealed WHERE account = 'two' AND name = 'creds') WHERE account = 'one' AND name = 'creds'")],
  ['of another name, put in its place', () => run("UPDATE channel_sealed SET value = (SELECT value FROM channel_sealed WHERE account = 'one' AND name = 'other') WHERE account = 'one' AND name = 'creds'")],
  ['of another channel, put in its place', () => run("UPDATE channel_sealed SET value = (SELECT value FROM channel_sealed WHERE channel = 'signal') WHERE channel = 'whatsapp' AND account = 'one' AND name = 'creds'")],
  ['with a letter changed', () => run("UPDATE channel_sealed SET value = substr(value, 1, 30) || 'A' || substr(value, 32) || 'A' WHERE account = 'one' AND name = 'creds'")],
  ['cut short', () => run("UPDATE channel_sealed SET value = substr(value, 1, 8) WHERE account = 'one' AND name = 'creds'")],
  ['empty', () => run("UPDATE channel_sealed SET value = '' WHERE account = 'one' AND name = 'creds'")],
  ['in the clear', () => run("UPDATE channel_sealed SET value = 'keys-of-mine' WHERE account = 'one' AND name = 'creds'")],
])('a value %s opens nothing', async (_what, change) => {
  await of('one').set(new Map([['creds', 'keys-of-one'], ['other', 'other-of-one']]))
  await of('two').set(new Map([['creds', 'keys-of-two']]))
  await of('one', 'signal').set(new Map([['creds', 'keys-of-signal']]))
  await change()
  await expect(of('one').get(['creds'])).rejects.toThrow()
  expect((await of('two').get(['creds'])).get('creds')).toBe('keys-of-two')
})

it('what is larger than a login is refused whole, and no name is a question to the database', async () => {
  await expect(of('one').set(new Map([['creds', 'fine'], ['big', 'x'.repeat(1_048_577)]]))).rejects.toThrow('1 MiB')
  expect((await of('one').get(['creds', 'big'])).size).toBe(0)
  const odd = ["'; DROP TABLE channel_sealed; --", '%', '__proto__', '']
  await of('one').set(new Map(odd.map((name) => [name, `value of ${name}`])))
  expect([...(await of('one').get(odd)).keys()].toSorted()).toEqual(odd.toSorted())
  expect((await of('two').get(odd)).size).toBe(0)
})
