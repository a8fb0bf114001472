import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, echoModel, say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt, rowOf, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: { ...ownedBy1001, messages: { queue: { mode: 'followup' } } } })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

it('what is written while paused is kept, told once, and answered after /resume, also over a restart', async () => {
  at.model.use(echoModel())
  expect(await olga.chat('/pause all')).toContain('Paused')
  const from = at.model.requests.length
  await olga.hand('first')
  await at.telegram.until(() => at.telegram.sent.some((message) => message.text.includes('I am paused')), 'to be told of the pause')
  const second = await olga.hand('second')
  expect((await rowOf(at, second))?.end ?? null).toBeNull()
  await olga.hand('/status')
  await at.telegram.until(() => at.telegram.sent.some((message) => message.text.includes('Paused; /resume goes on')), 'the status')
  expect(at.telegram.sent.filter((message) => message.text.includes('I am paused'))).toHaveLength(1)
  expect(at.model.requests).toHaveLength(from)

  await at.restart()
  olga = personAt(at, 1001)
  expect(at.gateway.rooms.halt?.state()).toMatchObject({ kind: 'paused', via: 'chat' })
  expect(at.model.requests).toHaveLength(from)
  await olga.hand('/resume')
  await at.quiet()
  expect(at.model.requests.slice(from).map((request) => request.lastUserText).join(' ')).toMatch(/first[^]*second/)
  expect(await rowOf(at, second)).toMatchObject({ end: 'answered' })
  expect(await olga.chat('/resume')).toBe('I am not paused.')
})

it('a turn under way finishes its tool, waits before the next step, and goes on as if nothing had been', async () => {
  let asked = 0
  at.model.use((request) => {
    if (request.lastUserText !== 'dig' || asked >= 3) return [say('dug')]
    asked += 1
    if (asked === 2) void at.gateway.rooms.halt?.pause({ principal: 'owner' as never, via: 'cli' })
    return [callTool('list', { path: `hole-${asked}` })]
  })
  const from = at.model.requests.length
  await olga.hand('dig')
  await at.model.arrived(from + 2)
  const client = await at.connect()
  expect(await client.request('status')).toMatchObject({ halt: { kind: 'paused', via: 'cli' }, running: 1 })
  expect(at.model.requests).toHaveLength(from + 2)
  expect(await client.request('resume')).toEqual({ was: 'paused', forgotten: 0 })
  await at.quiet()
  expect(asked).toBe(3)
})

it('what waited can be let go', async () => {
  at.model.use(echoModel())
  await olga.chat('/pause')
  const from = at.model.requests.length
  const kept = await olga.hand('never mind')
  expect(await olga.chat('/resume forget')).toMatch(/1 waiting message was let go/)
  await at.quiet()
  expect(at.model.requests).toHaveLength(from)
  expect(await rowOf(at, kept)).toMatchObject({ end: 'silent' })
})
