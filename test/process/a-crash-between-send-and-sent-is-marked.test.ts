import { afterAll, beforeAll, expect, it } from 'vitest'
import { echoModel } from '../fakes/model-servers/index.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

let world: ProcessWorld
beforeAll(async () => { world = await startProcessWorld(echoModel('You said: ')) })
afterAll(() => world.close())

it('DUR-02: a reply that was on the wire when the gateway was killed is sent once more, and the ledger says that it may be there twice', async () => {
  const { gateway, model, telegram, olga } = world
  telegram.fault('sendMessage', { acceptThenHang: true })
  telegram.say(olga, 'was that sent?')
  await telegram.nextSent()
  await gateway.kill()
  expect(await gateway.rows('SELECT state, settled_at FROM deliveries')).toMatchObject([{ state: 'sending', settled_at: null }])

  await gateway.start(60_000)
  await world.quiet()
  expect(telegram.sent.map((message) => message.text)).toEqual(['You said: was that sent?', 'You said: was that sent?'])
  expect(await gateway.rows('SELECT state, resent FROM deliveries')).toMatchObject([{ state: 'sent', resent: 1 }])
  expect(await gateway.rows('SELECT end_state, end_detail FROM inbox')).toMatchObject([{ end_state: 'answered', end_detail: 'delivery uncertain' }])
  expect(model.requests).toHaveLength(1)

  // Killed again: what is settled stays settled.
  await gateway.kill()
  await gateway.start(60_000)
  telegram.say(olga, 'and this?')
  await telegram.nextSent((message) => message.text === 'You said: and this?')
  await world.quiet()
  expect(telegram.sent).toHaveLength(3)
})

it('DUR-02: a reply whose sending is cut short again and again is lost after none of the crashes', async () => {
  const { gateway, telegram, olga } = world
  const before = telegram.sent.length
  telegram.fault('sendMessage', { hang: true, times: 3 })
  const hung = (): number => telegram.calls.filter((call) => call.method === 'sendMessage' && call.outcome === 'hung').length
  const already = hung()
  telegram.say(olga, 'stubborn words')
  for (let deaths = 1; deaths <= 3; deaths += 1) {
    await telegram.until(() => hung() === already + deaths, 'a send without an answer')
    await gateway.kill()
    await gateway.start(60_000)
  }
  await world.quiet()
  expect(telegram.sent.slice(before).map((message) => message.text)).toEqual(['You said: stubborn words'])
})
