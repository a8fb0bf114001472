import { afterAll, beforeAll, expect, it } from 'vitest'
import { say, waitFor, type SeenRequest } from '../fakes/model-servers/index.ts'
import { gate, ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001 })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

const turnsOfTheLoop = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

it('words that arrive at the instant a run ends are read by that run or get a run of their own', async () => {
  let held = gate()
  // Every request answers at once but the first of a round, which waits for the test.
  at.model.use((request: SeenRequest) => [...(request.lastUserText.startsWith('first') ? [waitFor(held.opened)] : []), say(`read ${request.lastUserText}`)])
  const words: string[] = []
  for (let round = 0; round < 12; round += 1) {
    held = gate()
    const before = at.model.requests.length
    await olga.hand(`first ${round}`)
    await at.model.arrived(before + 1)
    words.push(`first ${round}`, `second ${round}`)
    // The answer starts to flow and the words come in close behind it, a little later each round.
    held.open()
    await turnsOfTheLoop(round * 4)
    await olga.hand(`second ${round}`)
    await at.quiet()
  }
  const read = at.model.requests.flatMap((request) => request.messages).filter((message) => message.role === 'user').map((message) => message.text)
  for (const text of words) expect(read.some((each) => each.includes(text)), text).toBe(true)
  const said = at.telegram.sent.map((message) => message.text).join('\n')
  for (let round = 0; round < 12; round += 1) expect(said).toContain(`second ${round}`)
  expect(await at.gateway.rooms.inbox.counts()).toMatchObject({ open: 0, total: words.length })
})
