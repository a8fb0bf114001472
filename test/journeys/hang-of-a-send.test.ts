import { afterAll, beforeAll, expect, it } from 'vitest'
import { say } from '../fakes/model-servers/index.ts'
import { personAt } from '../support/person.ts'
import { freeAfterMs, startHangingWorld, type HangingWorld } from '../support/hanging-world.ts'

const sendSeconds = 30
let world: HangingWorld
beforeAll(async () => {
  world = await startHangingWorld({
    config: { channels: { telegram: { dmPolicy: 'allowlist', allowFrom: [1001, 1002] } }, session: { dmScope: 'per-channel-peer' }, messages: { queue: { mode: 'followup' } } },
    script: (request) => [say(`heard: ${request.lastUserText}`)],
  })
})
afterAll(() => world.at.close())

it('a send the network never answers is tried once more, ends as uncertain in the ledger, and holds up neither the chat nor anybody else', async () => {
  const { at, olga, pass, until, heard } = world
  const max = personAt(at, 1002, { name: 'Max' })
  at.telegram.fault('sendMessage', { hang: true, times: 2 })
  await olga.hand('this answer hangs')
  await until(() => at.telegram.calls.some((call) => call.method === 'sendMessage' && call.outcome === 'hung'), 'the first hanging send')
  await olga.hand('this one comes after')
  // The pause before it begins when the first has ended on the disk, which on a busy machine is later than the clock here.
  await pass(sendSeconds * 1_000 + 120_000, () => at.telegram.calls.filter((call) => call.outcome === 'hung').length === 2)
  await until(() => at.telegram.calls.filter((call) => call.outcome === 'hung').length === 2, 'the second hanging send')
  // Another chat is served while this one waits.
  await max.hand('and me?')
  await at.telegram.nextSent((message) => message.chatId === 1002 && message.text === 'heard: and me?')
  await pass(sendSeconds * 1_000 + freeAfterMs, () => heard().length > 0)
  await until(() => heard().length > 0, 'the answer behind it')
  await at.quiet()
  expect(heard()).toEqual(['heard: this one comes after'])
  const rows = await at.gateway.rooms.store.read.all('SELECT state, attempts FROM deliveries WHERE chat = ? ORDER BY created_at', '1001')
  expect(rows).toMatchObject([{ state: 'ambiguous', attempts: 2 }, { state: 'sent' }])
  const ends = await at.gateway.rooms.store.read.all('SELECT end_state, end_detail FROM inbox WHERE chat = ? ORDER BY received_at', '1001')
  expect(ends).toMatchObject([{ end_state: 'answered', end_detail: 'delivery uncertain' }, { end_state: 'answered', end_detail: null }])
})
