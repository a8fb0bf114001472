import { afterEach, expect, it } from 'vitest'
import { say, usage, type Script } from '../fakes/model-servers/index.ts'
import { personAt, type Person } from '../support/person.ts'
import { pricedModel } from '../support/priced-model.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway | undefined
afterEach(() => at?.close())

/** Every answer costs thirty cents; a call may cost up to 41. */
const thirtyCents: Script = () => [say('Here you are.'), usage(0, 3_000)]
const codeIn = (text: string): string => /\/approve ([A-Z0-9]{4})/.exec(text)?.[1] ?? ''
const members = { channels: { telegram: { dmPolicy: 'allowlist', allowFrom: [1001, 1002] } } }
async function start(budgets: Record<string, unknown>): Promise<{ world: TestGateway; olga: Person }> {
  const world = await startTestGateway({ script: thirtyCents, config: pricedModel({ daily: 0.5, whenReached: 'ask-owner', ...budgets }, members) })
  at = world
  return { world, olga: personAt(world, 1001) }
}
const sentTo = (world: TestGateway, person: Person, pattern: RegExp) => world.telegram.nextSent((message) => message.chatId === person.user.id && pattern.test(message.text))

it('a yes in the chat lets the same turn go on, and raises the cap once for that day, over a restart too', async () => {
  const { world, olga } = await start({ raiseBy: 0.8 })
  expect(await olga.chat('one')).toBe('Here you are.')
  const question = sentTo(world, olga, /May I\?/)
  olga.write('two')
  const { text } = await question
  expect(text).toMatch(/The daily cap of \$0\.50 is reached: \$0\.30 is spent[^]*Raise the daily cap of \$0\.50 by \$0\.80, until /)
  expect(text).not.toContain('always')
  expect(world.model.requests).toHaveLength(1)
  // While it waits, the lane is the turn's: what is written now comes after it.
  await olga.hand('three')
  expect(world.model.requests).toHaveLength(1)
  const answer = sentTo(world, olga, /Here you are/)
  olga.write(`/approve ${codeIn(text)}`)
  await answer
  await world.quiet()
  await world.restart()
  const client = await world.connect()
  expect(await client.request('usage.spend', {})).toMatchObject({ caps: [{ capUsd: 1.3 }, {}] })
  const again = sentTo(world, olga, /May I\?/)
  olga.write('four')
  const later = await again
  expect(later.text).toContain('Raise the daily cap of $1.30 by $0.80')
  const refused = sentTo(world, olga, /said no/)
  olga.write(`/deny ${codeIn(later.text)}`)
  await refused
  await world.quiet()
  expect(await olga.chat('five')).toMatch(/said no/)
})

it('the owner is asked elsewhere about somebody else\'s turn, who is told no amounts; the wire and its list know the question', async () => {
  const { world, olga } = await start({})
  const mia = personAt(world, 1002)
  await olga.chat('one')
  const question = sentTo(world, olga, /May I\?/)
  const wait = sentTo(world, mia, /I asked the owner/)
  mia.write('two')
  expect((await wait).text).not.toMatch(/\$|approve/)
  await question
  const client = await world.connect()
  const [open] = await world.gateway.rooms.guard.approvals({ open: true })
  expect(open).toMatchObject({ tool: 'budget', always: null, session: expect.stringContaining('1002') })
  const refused = sentTo(world, mia, /No open question|Only the owner/)
  mia.write(`/approve ${open?.code ?? ''}`)
  await refused
  expect((await world.gateway.rooms.guard.approval(open?.id ?? ''))?.state).toBe('pending')
  expect(JSON.stringify(await client.request('exec.approval.list', {}))).toContain(open?.id)
  const answer = sentTo(world, mia, /Here you are/)
  await client.request('exec.approval.resolve', { id: open?.id, decision: 'allow-once' })
  await answer
})

it('a stop while it waits withdraws the question, and the gateway that is restarted meanwhile asks on', async () => {
  const { world, olga } = await start({})
  await olga.chat('one')
  const question = sentTo(world, olga, /May I\?/)
  olga.write('two')
  await question
  await olga.ask('/stop')
  expect(await world.gateway.rooms.guard.approvals({ open: true })).toEqual([])
  const next = sentTo(world, olga, /May I\?/)
  olga.write('three')
  const { text } = await next
  await world.restart()
  const answer = sentTo(world, olga, /Here you are/)
  await world.telegram.until(() => world.gateway.rooms.sessions.running().length > 0, 'the turn to go on')
  olga.write(`/approve ${codeIn(text)}`)
  await answer
  await world.quiet()
  expect(world.model.requests).toHaveLength(2)
})
