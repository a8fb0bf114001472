import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001 })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())
const entries = async (act: string): Promise<{ subject: string; place: string | null; correlation: string | null }[]> =>
  (await at.gateway.rooms.store.read.all('SELECT subject, place, correlation FROM audit WHERE act = ? ORDER BY seq', act)) as never

it('what a turn did names its chat and its turn; what was said, its message; what a program asked, its address and request', async () => {
  at.model.use(inOrder([callTool('write', { path: 'a.md', text: 'b' })], [say('Done.')]))
  expect(await olga.chat('write it')).toBe('Done.')
  const [row] = await at.gateway.rooms.store.read.all('SELECT id, turn_id FROM inbox')
  expect(await entries('use-tool.judged')).toMatchObject([{ place: 'telegram:1001', correlation: row?.['turn_id'] }])

  await olga.ask('/status')
  const command = await at.gateway.rooms.store.read.get("SELECT id FROM inbox WHERE end_state = 'command'")
  expect(await entries('command.judged')).toMatchObject([{ place: 'telegram:1001', correlation: command?.['id'] }])

  const stranger = personAt(at, 2002)
  await stranger.ask('let me in')
  const asked = await at.gateway.rooms.store.read.get("SELECT id FROM inbox WHERE chat LIKE '%2002%'")
  expect(await entries('pairing.requested')).toMatchObject([{ place: 'telegram:2002', correlation: asked?.['id'] }])

  const page = await at.connect()
  const [{ code } = { code: '' }] = await at.gateway.rooms.guard.pending()
  await page.request('pairing.approve', { channel: 'telegram', code })
  await page.request('security.audit', { quick: true })
  const [judged] = await entries('call-method.judged')
  expect(judged).toMatchObject({ place: '127.0.0.1', correlation: expect.stringMatching(/.+\/.+/) as string })
  expect(await entries('pairing.approved')).toMatchObject([{ place: '127.0.0.1', correlation: expect.stringMatching(/.+\/.+/) as string }])
})
