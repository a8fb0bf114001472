import { addTransactionCapability, type SignalKeyStore } from 'baileys'
import { createTestHost } from '@moltbot/contract/testing'
import { beforeAll, expect, it } from 'vitest'
import { keepDevice, newDevice, readDevice } from './device-keys.ts'
import { loadLibrary, quietLogger, type Library } from './library.ts'
import { readSentMessages, type SentMessages } from './sent-messages.ts'

let library: Library
beforeAll(async () => (library = await loadLibrary()))

type Keys = ReturnType<typeof addTransactionCapability>
interface Bench { sealed: ReturnType<typeof createTestHost>['sealed']; values: Map<string, string>; keys: Keys }

async function bench(): Promise<Bench> {
  const values = new Map<string, string>()
  const host = createTestHost({ sealed: values })
  const linked = newDevice(library)
  linked.device.creds.me = { id: '4915100000001:7@s.whatsapp.net' }
  await linked.device.save()
  await keepDevice(host.sealed, linked.values)
  const device = await readDevice(library, host.sealed)
  if (device === undefined) throw new Error('no device')
  return { values, sealed: host.sealed, keys: addTransactionCapability(device.keysFor(() => true), quietLogger(host.log) as never, { maxCommitRetries: 1, delayBetweenTriesMs: 1 }) }
}
const messageOf = (id: string, conversation = id): Parameters<SentMessages['keep']>[0] => ({ id, chat: '4915200000001@s.whatsapp.net', at: 5, content: { conversation } })
const write = (sent: SentMessages, keys: Keys): Promise<unknown> => keys.transaction(async () => sent.writeWith(keys as SignalKeyStore), 'me')
const wordsOf = (sent: SentMessages, ...ids: string[]): unknown[] => ids.map((id) => sent.find(id)?.content.conversation)

it('is the same after a restart: what was kept, changed and forgotten, and nothing that was not written down', async () => {
  const { sealed, keys } = await bench()
  const sent = await readSentMessages(library, sealed)
  for (const id of ['one', 'two', 'three']) sent.keep(messageOf(id))
  await write(sent, keys)
  sent.keep({ ...messageOf('one', 'one, corrected'), edit: 'the edit' })
  sent.forget('two')
  await write(sent, keys)
  sent.keep(messageOf('four'))
  const after = await readSentMessages(library, sealed)
  expect(wordsOf(after, 'one', 'two', 'three', 'four')).toEqual(['one, corrected', undefined, 'three', undefined])
  expect(after.find('one')).toMatchObject({ chat: '4915200000001@s.whatsapp.net', at: 5, edit: 'the edit' })
})

it('holds 512, and the oldest goes first, over restarts too; what stands for another takes its place', async () => {
  const { sealed, keys, values } = await bench()
  let sent = await readSentMessages(library, sealed)
  for (let n = 0; n < 500; n += 1) sent.keep(messageOf(`m${n}`))
  await write(sent, keys)
  sent = await readSentMessages(library, sealed)
  for (let n = 500; n < 514; n += 1) sent.keep(messageOf(`m${n}`))
  sent.keep(messageOf('newer edit'), 'm513')
  await write(sent, keys)
  const after = await readSentMessages(library, sealed)
  expect(wordsOf(after, 'm0', 'm1', 'm2', 'm512', 'm513', 'newer edit')).toEqual([undefined, undefined, 'm2', 'm512', undefined, 'newer edit'])
  expect([...values.keys()].filter((name) => name.startsWith('sent/'))).toHaveLength(512)
})

it('what a transaction that failed should have written goes with the next one', async () => {
  const { sealed, keys } = await bench()
  const sent = await readSentMessages(library, sealed)
  sent.keep(messageOf('one'))
  let failed = (): void => {}
  await expect(keys.transaction(async () => {
    failed = sent.writeWith(keys as SignalKeyStore)
    throw new Error('the line broke')
  }, 'me')).rejects.toThrow('the line broke')
  expect(wordsOf(await readSentMessages(library, sealed), 'one')).toEqual([undefined])
  failed()
  await write(sent, keys)
  expect(wordsOf(await readSentMessages(library, sealed), 'one')).toEqual(['one'])
})

it('what is too large is known until the restart and not after it', async () => {
  const { sealed, keys } = await bench()
  const sent = await readSentMessages(library, sealed)
  sent.keep(messageOf('large', 'x'.repeat(300_000)))
  await write(sent, keys)
  expect(wordsOf(sent, 'large')[0]).toHaveLength(300_000)
  expect(wordsOf(await readSentMessages(library, sealed), 'large')).toEqual([undefined])
})
